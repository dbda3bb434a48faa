import type { KeyObject } from 'node:crypto';
import type { Actor, SystemRole } from './actor.js';
import { type AppError, AuthenticationRequired } from '../errors/app-error.js';

/**
 * The checks of our own access tokens, the same for Passport (REST) and for `AccessTokens` (sockets). There is no
 * tolerance for the expiry.
 */
export const JWT_VERIFY_OPTIONS = { algorithms: ['HS256' as const], issuer: 'parley', audience: 'parley' };

/** The error of a token that `jsonwebtoken` did not verify. */
export function tokenRefusal(error: unknown): AppError {
  const isExpired = error instanceof Error && error.name === 'TokenExpiredError';
  return new AuthenticationRequired(isExpired ? { token_expired: true } : {});
}

/** The refusal of `actAs` with any other credential than a server key. */
export const ONLY_KEYS_ACT = 'Only a server key may act as another user: leave X-Act-As out.';

/** How a credential is used. */
export interface CredentialUse {
  /** The user as whom a server key acts: `X-Act-As`. Refused for every other credential. */
  readonly actAs?: string;
  /** The IP address of the client. */
  readonly ip?: string;
}

/**
 * Authenticates a credential as an actor. The HTTP guard and the sockets share it, so that there is one way to
 * authenticate. The module `auth` implements it.
 */
export abstract class Authenticator {
  /**
   * @throws AuthenticationRequired, AccountBanned; with `actAs` also ValidationError, PermissionDenied, UserNotFound
   */
  abstract authenticate(token: string, use?: CredentialUse): Promise<Actor>;

  /**
   * Whether Passport has to verify the token over REST, with `verificationKeyOf` and `authenticateVerified`: it was not
   * verified before, and is not one of the identity provider, which `authenticate` verifies.
   */
  abstract needsPassportVerification(token: string): boolean;

  /** Returns the key that verifies a token of our own. @throws AuthenticationRequired if its header is not ours */
  abstract verificationKeyOf(token: string): KeyObject;

  /**
   * Authenticates a token of our own. The caller has verified its signature, issuer, audience and expiry with
   * `verificationKeyOf`.
   *
   * @throws AuthenticationRequired, AccountBanned
   */
  abstract authenticateVerified(token: string, payload: object): Promise<Actor>;

  /**
   * Consumes a ticket of `POST /auth/ticket` and returns its actor.
   *
   * @throws AuthenticationRequired
   */
  abstract redeemTicket(ticket: string): Promise<Actor>;

  /**
   * Returns the actor of a session key: a secret that identifies a session where no token can be sent.
   *
   * @throws AuthenticationRequired, AccountBanned
   */
  abstract authenticateSessionKey(key: string): Promise<Actor>;

  /**
   * Returns which of these sessions have ended: revoked, expired, or their user banned or deleted. Reads the database
   * without a cache. The periodic check of open connections calls it every few seconds.
   */
  abstract findEnded(sessionIds: string[]): Promise<EndedSession[]>;

  /** Returns which of these session keys (see `Actor.keyId`) are no longer valid. Called by the same check. */
  abstract findEndedKeys(keyIds: string[]): Promise<string[]>;

  /**
   * Returns which of these actors now have another system role. Called by the same check, so that no open connection
   * keeps an old role.
   */
  abstract findChangedRoles(known: KnownRole[]): Promise<KnownRole[]>;
}

export interface KnownRole {
  userId: string;
  role: SystemRole;
}

export interface EndedSession {
  sessionId: string;
  reason: 'revoked' | 'expired' | 'banned';
}
