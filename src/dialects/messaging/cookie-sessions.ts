import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { SessionKeysService } from '../../modules/auth/session-keys.service.js';
import { AppError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { Authenticator } from '../../platform/identity/authenticator.js';
import { sessionCookieName, sessionCookieOf, sessionCookieOptions } from '../../platform/identity/session-cookie.js';
import type { CsrfDto } from './messaging.dto.js';

const TTL_SECONDS = 86_400;

/**
 * Cookie sessions of browsers, only for sockets: no route accepts the cookie. A session begins with a request that has
 * a token, and never reuses one from before the login: a cookie of another session is withdrawn and replaced.
 */
@Injectable()
export class CookieSessions {
  constructor(
    private readonly keys: SessionKeysService,
    private readonly authenticator: Authenticator,
  ) {}

  /**
   * Begins or confirms the session of the actor. Without an actor there is no session, and an invalid cookie is
   * deleted.
   */
  async begin(actor: Actor | undefined, request: Request, response: Response): Promise<CsrfDto> {
    const cookieKey = sessionCookieOf(request.headers.cookie, request.secure);
    const current = cookieKey === undefined ? undefined : await this.actorOf(cookieKey);
    if (current && (!actor || actor.sessionId === current.sessionId)) return toCsrfDto(current, cookieKey);
    if (cookieKey !== undefined && current) await this.keys.revoke(cookieKey);
    const name = sessionCookieName(request.secure);
    if (!actor) {
      if (cookieKey !== undefined) response.clearCookie(name, sessionCookieOptions(request.secure));
      return toCsrfDto(undefined, undefined);
    }
    const { key, expiresAt } = await this.keys.issue(actor, { ttlSeconds: TTL_SECONDS });
    response.cookie(name, key, sessionCookieOptions(request.secure, expiresAt));
    return toCsrfDto(actor, key);
  }

  private async actorOf(key: string): Promise<Actor | undefined> {
    try {
      return await this.authenticator.authenticateSessionKey(key);
    } catch (error) {
      if (error instanceof AppError && error.status < 500) return undefined;
      throw error;
    }
  }
}

/** The CSRF token is derived from the session key, so that only the owner of the key can create it. */
function toCsrfDto(actor: Actor | undefined, key: string | undefined): CsrfDto {
  const token = key === undefined ? randomBytes(32) : createHash('sha256').update(`csrf ${key}`).digest();
  const text = token.toString('base64url');
  return { csrf_token: text, csrfToken: text, is_authenticated: actor !== undefined, user_id: actor?.userId ?? null };
}
