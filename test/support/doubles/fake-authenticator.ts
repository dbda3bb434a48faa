import { Injectable } from '@nestjs/common';
import { AuthenticationRequired } from '../../../src/platform/errors/app-error.js';
import type { Actor } from '../../../src/platform/identity/actor.js';
import { Authenticator, type EndedSession, type KnownRole } from '../../../src/platform/identity/authenticator.js';

/**
 * Tokens look like `alice:session-1` (or with `~`, which is allowed in a subprotocol), or `alice:session-1:<epoch
 * seconds>` for one that expires at a given time.
 */
@Injectable()
export class FakeAuthenticator extends Authenticator {
  readonly tickets = new Map<string, string>();
  readonly roles = new Map<string, KnownRole['role']>();
  readonly ended = new Map<string, EndedSession['reason']>();
  /** Set to make authentication wait. */
  gate: Promise<void> = Promise.resolve();

  async authenticate(token: string): Promise<Actor> {
    await this.gate;
    const [username = '', sessionId = '', expires] = token.split(/[:~]/);
    if (!username || !sessionId) throw new AuthenticationRequired();
    return {
      userId: `user-${username}`,
      sessionId,
      role: 'user',
      username,
      displayName: username,
      expiresAt: expires ? Number(expires) : Math.floor(Date.now() / 1000) + 3600,
    };
  }

  /** These tests have no routes, so nothing is verified by Passport. */
  needsPassportVerification(): boolean {
    return false;
  }

  verificationKeyOf(): never {
    throw new AuthenticationRequired();
  }

  authenticateVerified(): Promise<never> {
    return Promise.reject(new AuthenticationRequired());
  }

  async redeemTicket(ticket: string): Promise<Actor> {
    const token = this.tickets.get(ticket);
    this.tickets.delete(ticket);
    if (!token) throw new AuthenticationRequired();
    return this.authenticate(token);
  }

  authenticateSessionKey(key: string): Promise<Actor> {
    return this.authenticate(key);
  }

  findEndedKeys(): Promise<string[]> {
    return Promise.resolve([]);
  }

  findChangedRoles(known: KnownRole[]): Promise<KnownRole[]> {
    const changed = known.filter(({ userId, role }) => (this.roles.get(userId) ?? role) !== role);
    return Promise.resolve(changed.map(({ userId }) => ({ userId, role: this.roles.get(userId)! })));
  }

  findEnded(sessionIds: string[]): Promise<EndedSession[]> {
    const ended = sessionIds.filter((id) => this.ended.has(id));
    return Promise.resolve(ended.map((sessionId) => ({ sessionId, reason: this.ended.get(sessionId)! })));
  }
}
