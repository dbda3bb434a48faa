import { Injectable, type CanActivate, type ExecutionContext, type OnApplicationBootstrap } from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { AppError, AuthenticationRequired } from '../errors/app-error.js';
import { auditReasonOf } from './audit-reason.js';
import { Authenticator } from '../identity/authenticator.js';
import { PUBLIC } from './public.decorator.js';
import type { ParleyRequest } from './request-context.js';

const BEARER = /^Bearer +([^\s]{1,4096})$/i;

/**
 * Denies every route that is not `@Public()` unless the request has a valid bearer token. On public routes a valid
 * token still identifies the actor; an invalid one is ignored, so that a user with a stale token can log in.
 */
@Injectable()
export class AuthGuard implements CanActivate, OnApplicationBootstrap {
  private authenticator: Authenticator | undefined;

  constructor(
    private readonly reflector: Reflector,
    private readonly modules: ModuleRef,
  ) {}

  onApplicationBootstrap(): void {
    try {
      this.authenticator = this.modules.get(Authenticator, { strict: false });
    } catch {
      this.authenticator = undefined; // no user can be authenticated: all routes except public ones are denied
    }
  }

  /** @throws AuthenticationRequired, AccountBanned, ValidationError */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // frames are authenticated by their connection
    const request = context.switchToHttp().getRequest<ParleyRequest>();
    const isPublic = this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()]);
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (!isPublic && !token) throw new AuthenticationRequired();
    if (token) await this.identify(request, token, isPublic);
    return true;
  }

  private async identify(request: ParleyRequest, token: string, isOptional: boolean): Promise<void> {
    try {
      if (!this.authenticator) throw new AuthenticationRequired();
      const { requestId } = request;
      const auditReason = auditReasonOf(request);
      request.actor = { ...(await this.authenticator.authenticate(token)), requestId, auditReason };
    } catch (error) {
      if (!isOptional || !(error instanceof AppError)) throw error;
    }
  }
}
