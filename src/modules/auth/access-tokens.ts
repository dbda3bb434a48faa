import { createHash, createSecretKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService, type JwtModuleOptions } from '@nestjs/jwt';
import type { Config } from '../../platform/config/config.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import { isUuid } from '../../platform/validation/fields.js';

const ISSUER = 'parley';
const AUDIENCE = 'parley';
export const MAX_TOKEN_LENGTH = 4096;
const MAX_SKEW_SECONDS = 30;
/** Tokens whose signature has been checked; the oldest are evicted first. */
const CACHE_MAX = 20_000;

/** The session of a token, and when the token expires (epoch seconds). */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  readonly expiresAt: number;
}

interface Payload {
  sub?: unknown;
  sid?: unknown;
  iat?: unknown;
  exp?: unknown;
}

/** One key and one algorithm. A KeyObject, not text: with text every check costs 350 µs instead of 7. */
export function jwtOptions({ jwtSecret }: Pick<Config, 'jwtSecret'>): JwtModuleOptions {
  const kid = createHash('sha256').update(`parley kid ${jwtSecret}`).digest('hex').slice(0, 16);
  return {
    secret: createSecretKey(Buffer.from(jwtSecret)),
    signOptions: {
      algorithm: 'HS256',
      issuer: ISSUER,
      audience: AUDIENCE,
      header: { alg: 'HS256', typ: 'at+jwt', kid },
    },
    verifyOptions: { algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE, clockTolerance: 0 },
  };
}

/** Issues and verifies our own access tokens. */
@Injectable()
export class AccessTokens {
  /** The header of all our tokens, in its encoded form. */
  private readonly header: string;
  /** By the whole text of the token, so that only exactly the same token is found. */
  private readonly verified = new Map<string, AccessClaims>();

  constructor(private readonly jwt: JwtService) {
    this.header = headerOf(jwt.sign({}));
  }

  sign(claims: { userId: string; sessionId: string; ttlSeconds: number }): string {
    const { userId, sessionId, ttlSeconds } = claims;
    return this.jwt.sign({ sub: userId, sid: sessionId }, { expiresIn: ttlSeconds });
  }

  /**
   * The header must match ours exactly. So the client cannot choose an algorithm, key id, type, key URL or extension,
   * known today or not.
   * @throws AuthenticationRequired
   */
  verify(token: string): AccessClaims {
    const known = this.verified.get(token);
    if (known && known.expiresAt > Date.now() / 1000) return known;
    const claims = this.check(token);
    if (this.verified.size >= CACHE_MAX) this.verified.delete(this.verified.keys().next().value!);
    this.verified.set(token, claims);
    return claims;
  }

  private check(token: string): AccessClaims {
    if (token.length > MAX_TOKEN_LENGTH || headerOf(token) !== this.header) throw new AuthenticationRequired();
    const { sub, sid, iat, exp } = this.payloadOf(token);
    const isValid = isUuid(sub) && isUuid(sid) && typeof iat === 'number' && typeof exp === 'number';
    if (!isValid || iat > Date.now() / 1000 + MAX_SKEW_SECONDS) throw new AuthenticationRequired();
    return { userId: sub, sessionId: sid, expiresAt: exp };
  }

  private payloadOf(token: string): Payload {
    let payload: Payload;
    try {
      payload = this.jwt.verify<Payload>(token);
    } catch (error) {
      throw new AuthenticationRequired((error as Error).name === 'TokenExpiredError' ? { token_expired: true } : {});
    }
    // Parsers differ in how they read a duplicate member. Our own payloads serialize to the same text again.
    if (Buffer.from(JSON.stringify(payload)).toString('base64url') !== token.split('.')[1]) {
      throw new AuthenticationRequired();
    }
    return payload;
  }
}

function headerOf(token: string): string {
  return token.slice(0, token.indexOf('.'));
}
