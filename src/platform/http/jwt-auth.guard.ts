import { Injectable, Optional, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppError, AuthenticationRequired, PermissionDenied } from '../errors/app-error.js';
import type { Actor } from '../identity/actor.js';
import { Authenticator, ONLY_KEYS_ACT, tokenRefusal } from '../identity/authenticator.js';
import { auditReasonOf } from './audit-reason.js';
import { bearerTokenOf, type VerifiableRequest } from './jwt.strategy.js';
import { PUBLIC } from './public.decorator.js';
import { REQUIRED_SCOPE, requireScope } from './scope.decorator.js';
import type { Scope } from '../identity/server-key.js';

/** The user as whom a server key acts; undefined without the header. */
function actAsOf({ headers }: VerifiableRequest): string | undefined {
  const given = headers['x-act-as'];
  return typeof given === 'string' ? given : undefined;
}

/**
 * Denies every route that is not `@Public()` unless the request has a valid bearer token. On public routes a valid
 * token still identifies the actor; an invalid one is ignored, so that a user with a stale token can log in.
 *
 * A server key that does not act as a user is denied every route without `@RequiresScope`, and those whose scope it
 * lacks.
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

  /** @throws AuthenticationRequired, AccountBanned, PermissionDenied, UserNotFound, ValidationError */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return false; // frames pass no guard: their connection authenticates them
    const request = context.switchToHttp().getRequest<VerifiableRequest>();
    const targets = [context.getHandler(), context.getClass()];
    const isPublic = this.reflector.getAllAndOverride<boolean>(PUBLIC, targets);
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
      const { requestId, ip } = request;
      const auditReason = auditReasonOf(request);
      const actAs = actAsOf(request);
      const needsPassportVerification = authenticator.needsPassportVerification(token);
      const actor = await (needsPassportVerification
        ? this.verify(context, request)
        : authenticator.authenticate(token, { actAs, ip }));
      if (actAs !== undefined && !actor.serverKey) throw new PermissionDenied(ONLY_KEYS_ACT);
      if (actor.serverKey) this.requireScope(context, actor);
      request.actor = { ...actor, requestId, auditReason };
    } catch (error) {
      if (!isOptional || !(error instanceof AppError)) throw error;
    }
  }

  /** @throws PermissionDenied */
  private requireScope(context: ExecutionContext, actor: Actor): void {
    const targets = [context.getHandler(), context.getClass()];
    requireScope(actor, this.reflector.getAllAndOverride<Scope | undefined>(REQUIRED_SCOPE, targets));
  }

  private async verify(context: ExecutionContext, request: VerifiableRequest): Promise<Actor> {
    request.authenticator = this.authenticator;
    await super.canActivate(context); // sets the actor to the result of `JwtStrategy.validate`
    if (!request.actor) throw new AuthenticationRequired();
    return request.actor;
  }
}
