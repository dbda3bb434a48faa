import { Injectable, Optional, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppError, AuthenticationRequired } from '../errors/app-error.js';
import type { Actor } from '../identity/actor.js';
import { Authenticator, tokenRefusal } from '../identity/authenticator.js';
import { auditReasonOf } from './audit-reason.js';
import { bearerTokenOf, type VerifiableRequest } from './jwt.strategy.js';
import { PUBLIC } from './public.decorator.js';

/**
 * Denies every route that is not `@Public()` unless the request has a valid bearer token. On public routes a valid
 * token still identifies the actor; an invalid one is ignored, so that a user with a stale token can log in.
 *
 * Passport verifies one of our own tokens when it is first used; after that the `Authenticator` knows it.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    /** Without one no user can be authenticated: all routes except public ones are denied. */
    @Optional() private readonly authenticator?: Authenticator,
  ) {
    super();
  }

  /** @throws AuthenticationRequired, AccountBanned, ValidationError */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return false; // frames pass no guard: their connection authenticates them
    const request = context.switchToHttp().getRequest<VerifiableRequest>();
    const isPublic = this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()]);
    const token = bearerTokenOf(request);
    if (!isPublic && !token) throw new AuthenticationRequired();
    if (token) await this.identify(context, token, isPublic);
    return true;
  }

  /** Options of Passport: the property of the request that it sets to the result of `handleRequest`. */
  override getAuthenticateOptions(): { property: string } {
    return { property: 'actor' };
  }

  /** Receives the result of Passport. @throws AuthenticationRequired, AccountBanned */
  override handleRequest<User>(error: unknown, user: User | false | null, info: unknown): User {
    if (error) throw error;
    if (!user) throw info instanceof AppError ? info : tokenRefusal(info);
    return user;
  }

  private async identify(context: ExecutionContext, token: string, isOptional: boolean): Promise<void> {
    const request = context.switchToHttp().getRequest<VerifiableRequest>();
    try {
      const { authenticator } = this;
      if (!authenticator) throw new AuthenticationRequired();
      const { requestId } = request;
      const auditReason = auditReasonOf(request);
      const needsPassportVerification = authenticator.needsPassportVerification(token);
      const actor = await (needsPassportVerification
        ? this.verify(context, request)
        : authenticator.authenticate(token));
      request.actor = { ...actor, requestId, auditReason };
    } catch (error) {
      if (!isOptional || !(error instanceof AppError)) throw error;
    }
  }

  private async verify(context: ExecutionContext, request: VerifiableRequest): Promise<Actor> {
    request.authenticator = this.authenticator;
    await super.canActivate(context); // sets the actor to the result of `JwtStrategy.validate`
    if (!request.actor) throw new AuthenticationRequired();
    return request.actor;
  }
}
