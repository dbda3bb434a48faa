import type { Actor, SystemRole } from './actor.js';

/**
 * Turns a credential into an actor. HTTP guard and sockets share it, so that there is one way to be somebody.
 * The module `auth` provides it; the platform only asks.
 */
export abstract class Authenticator {
  /** @throws AuthenticationRequired, AccountBanned */
  abstract authenticate(token: string): Promise<Actor>;

  /**
   * Takes a ticket of `POST /auth/ticket` out of circulation and answers whose it was.
   * @throws AuthenticationRequired
   */
  abstract redeemTicket(ticket: string): Promise<Actor>;

  /**
   * Who the holder of a session key is: a secret that stands for a session where no token can be sent.
   * @throws AuthenticationRequired, AccountBanned
   */
  abstract authenticateKey(key: string): Promise<Actor>;

  /**
   * Which of these sessions may not go on: revoked, expired, their user banned or gone. Reads the database, uncached.
   * The sweep over live sockets asks it every few seconds.
   */
  abstract findEnded(sessionIds: string[]): Promise<EndedSession[]>;

  /** Which of these session keys (see `Actor.keyId`) open nothing any more. The same sweep asks. */
  abstract findEndedKeys(keyIds: string[]): Promise<string[]>;

  /**
   * Which of these actors have another system role by now. The same sweep asks, so that no live socket keeps an old
   * one.
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
