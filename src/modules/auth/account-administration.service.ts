import { Injectable } from '@nestjs/common';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { UserNotFound } from '../users/users.errors.js';
import { UserAdministration } from '../users/user-administration.service.js';
import type { RevokedTokensDto } from './auth.dto.js';
import { AuthRepository } from './auth.repository.js';
import { PasswordChecks } from './password-checks.js';
import { SessionRevocation } from './session-revocation.js';
import { SessionsRepository } from './sessions.repository.js';
import { type ActiveSession, presentSession } from './sessions.service.js';

/** Sessions and credentials of an account that an admin manages, or that is deleted by an admin or by its user. */
@Injectable()
export class AccountAdministration {
  constructor(
    private readonly users: UserAdministration,
    private readonly revocation: SessionRevocation,
    private readonly repository: AuthRepository,
    private readonly sessions: SessionsRepository,
    private readonly passwords: PasswordChecks,
    private readonly log: EventLog,
  ) {}

  /** Returns the active sessions of a user, last used first; at most 100. The caller has checked the right. */
  async listSessions(userId: string): Promise<ActiveSession[]> {
    return (await this.sessions.list(userId)).map(presentSession);
  }

  /**
   * Ends all sessions of a user with a lower role, and refuses all tokens issued before. Returns how many sessions
   * ended.
   * @throws UserNotFound, PermissionDenied
   */
  async endSessions(actor: Actor, userId: string, reason?: string): Promise<number> {
    let isKnown = false;
    const revocation = { reason: 'ended_by_admin', actorId: actor.userId } as const;
    const ended = await this.revocation.revoke(userId, revocation, async (tx) => {
      isKnown = true;
      const { actor: current } = await this.users.requireOutranks(tx, actor, userId, 'admin');
      tx.audit({ actor: current, action: 'user.logout', target: { type: 'user', id: userId }, reason });
    });
    if (!isKnown) throw new UserNotFound();
    return ended;
  }

  /** The same, for the backend of the host. @throws UserNotFound, PermissionDenied */
  async revokeTokens(actor: Actor, userId: string): Promise<RevokedTokensDto> {
    return { sessions_ended: await this.endSessions(actor, userId) };
  }

  /**
   * Deactivates an account: all sessions end, and it gets no other until it is reactivated.
   * @throws UserNotFound, PermissionDenied
   */
  async deactivate(actor: Actor, userId: string): Promise<void> {
    await this.revocation.revoke(userId, { reason: 'account_deactivated', actorId: actor.userId }, (tx) =>
      this.users.setDeactivated(tx, actor, userId, true),
    );
    this.users.announceChange(userId);
  }

  /** @throws UserNotFound, PermissionDenied */
  async reactivate(actor: Actor, userId: string): Promise<void> {
    await this.log.write(userId, (tx) => this.users.setDeactivated(tx, actor, userId, false));
    this.users.announceChange(userId);
  }

  /**
   * Requires the user to confirm the deletion of their own account with a proof. `signal` is aborted when the client
   * disconnects.
   * @throws ValidationError, InvalidCredentials, FreshTokenRequired, AccountLocked, ServiceUnavailable
   */
  async requireReauthentication(actor: Actor, password: string | undefined, signal?: AbortSignal): Promise<void> {
    await this.passwords.requireReauthentication(actor, { field: 'current_password', password, signal });
  }

  /**
   * Ends all sessions and deletes credentials, known devices, and the IP addresses and user agents of sessions, inside
   * the caller's transaction on the user's stream. Returns the ids of the ended sessions: `announceAccountDeleted`
   * belongs after the commit. The identity at a provider stays blocked: its tokens open neither this account nor a new
   * one.
   */
  async endSessionsAndDeleteCredentials(tx: StreamTransaction, userId: string): Promise<string[]> {
    await this.repository.deleteCredential(tx, userId);
    await this.repository.deleteDevices(tx, userId);
    const ended = await this.revocation.revokeInTransaction(tx, userId, { reason: 'account_deleted' });
    await this.sessions.clearClientDetails(tx, userId);
    return ended;
  }

  /** Publishes the end of these sessions, so that their connections are closed. */
  announceAccountDeleted(userId: string, sessionIds: string[]): void {
    this.revocation.announce(userId, sessionIds, 'account_deleted');
  }
}
