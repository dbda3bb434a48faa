import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-jwt';
import type { Actor } from '../identity/actor.js';
import { type Authenticator, TOKEN_CHECKS } from '../identity/authenticator.js';
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
      ...TOKEN_CHECKS,
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
    key = request.authenticator!.keyOf(token);
  } catch (error) {
    return done(error);
  }
  done(null, key as never); // the types of passport-jwt lack it; with text every check costs 350 µs instead of 7
}
