import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-jwt';
import type { Actor } from '../identity/actor.js';
import { type Authenticator, JWT_VERIFY_OPTIONS } from '../identity/authenticator.js';
import type { ParleyRequest } from './parley-request.js';

const BEARER = /^Bearer +([^\s]{1,4096})$/i;

/** A request whose token the strategy verifies; `JwtAuthGuard` sets the `Authenticator` of its application. */
export interface VerifiableRequest extends ParleyRequest {
  authenticator?: Authenticator;
}

/**
 * Passport's strategy `jwt`: verifies our own access tokens with `passport-jwt` and authenticates them with the
 * `Authenticator`, as sockets do.
 *
 * Invariant: it has no state. Passport has one registry of strategies for the process, in which the last strategy of a
 * name replaces all others, while a process may have several applications. So the `Authenticator` comes with the
 * request.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      ...JWT_VERIFY_OPTIONS,
      jwtFromRequest: (request: Request) => bearerTokenOf(request) ?? null,
      secretOrKeyProvider: provideKey,
      passReqToCallback: true,
    });
  }

  /** @throws AuthenticationRequired, AccountBanned */
  validate(request: VerifiableRequest, payload: object): Promise<Actor> {
    return request.authenticator!.authenticateVerified(bearerTokenOf(request)!, payload);
  }
}

/** The bearer token of a request; undefined without one, or if it is too long. */
export function bearerTokenOf({ headers }: Request): string | undefined {
  return BEARER.exec(headers.authorization ?? '')?.[1];
}

function provideKey(request: VerifiableRequest, token: string, done: (error: unknown, key?: never) => void): void {
  let key: KeyObject;
  try {
    key = request.authenticator!.verificationKeyOf(token);
  } catch (error) {
    return done(error);
  }
  // The types of passport-jwt lack `KeyObject`. A key as text is parsed for every token: 350 µs instead of 7.
  done(null, key as never);
}
