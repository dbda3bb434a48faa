import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { SessionKeysService } from '../../modules/auth/session-keys.service.js';
import { AppError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { Authenticator } from '../../platform/http/authenticator.js';
import { sessionCookieName, sessionCookieOf, sessionCookieOptions } from '../../platform/http/session-cookie.js';
import type { CsrfDto } from './messaging.dto.js';

const TTL_SECONDS = 86_400;

/**
 * Cookie sessions of browsers, for sockets alone: no route takes the cookie. One begins where a token is shown, and is
 * never one that was there before a login: a cookie of another session is withdrawn and replaced.
 */
@Injectable()
export class CookieSessions {
  constructor(
    private readonly keys: SessionKeysService,
    private readonly authenticator: Authenticator,
  ) {}

  /** Begins or confirms the session of whoever asks. Nobody gets none, and loses a cookie that is good for nothing. */
  async begin(actor: Actor | undefined, request: Request, response: Response): Promise<CsrfDto> {
    const given = sessionCookieOf(request.headers.cookie, request.secure);
    const known = given === undefined ? undefined : await this.holderOf(given);
    if (known && (!actor || actor.sessionId === known.sessionId)) return answer(known, given);
    if (given !== undefined && known) await this.keys.withdraw(given);
    const name = sessionCookieName(request.secure);
    if (!actor) {
      if (given !== undefined) response.clearCookie(name, sessionCookieOptions(request.secure));
      return answer(undefined, undefined);
    }
    const { key, expiresAt } = await this.keys.issue(actor, { ttlSeconds: TTL_SECONDS });
    response.cookie(name, key, sessionCookieOptions(request.secure, expiresAt));
    return answer(actor, key);
  }

  private async holderOf(key: string): Promise<Actor | undefined> {
    try {
      return await this.authenticator.authenticateKey(key);
    } catch (error) {
      if (error instanceof AppError && error.status < 500) return undefined;
      throw error;
    }
  }
}

/** The token is bound to the session: who does not hold its key cannot make it. */
function answer(actor: Actor | undefined, key: string | undefined): CsrfDto {
  const token = key === undefined ? randomBytes(32) : createHash('sha256').update(`csrf ${key}`).digest();
  const text = token.toString('base64url');
  return { csrf_token: text, csrfToken: text, is_authenticated: actor !== undefined, user_id: actor?.userId ?? null };
}
