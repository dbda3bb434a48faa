import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { UserAdministration } from '../users/user-administration.service.js';
import type { SessionDto } from './auth.dto.js';
import { AuthRepository } from './auth.repository.js';
import { PasswordChecks } from './password-checks.js';
import { SessionRevocation } from './session-revocation.js';
import { SessionsRepository } from './sessions.repository.js';

/** A session in the form that other users see. */
export type LiveSession = Omit<SessionDto, 'is_current'>;

/** Account operations by other actors: ending sessions and deleting credentials. */
@Injectable()
export class AccountAdministration {
  constructor(
    private readonly users: UserAdministration,
    private readonly revocation: SessionRevocation,
    private readonly repository: AuthRepository,
    private readonly sessions: SessionsRepository,
    private readonly passwords: PasswordChecks,
  ) {}

  /** Returns the active sessions of a user, last used first; at most 100. The caller has checked the right. */
  async sessionsOf(userId: string): Promise<LiveSession[]> {
    const rows = await this.sessions.list(userId);
    return rows.map((row) => ({
      id: row.id,
      user_agent: row.user_agent,
      ip: row.ip,
      created_at: row.created_at.toISOString(),
      last_used_at: row.last_used_at.toISOString(),
      expires_at: row.expires_at.toISOString(),
    }));
  }

  /** Ends all sessions of a user with a lower role. Returns how many. @throws UserNotFound, PermissionDenied */
  async logout(actor: Actor, userId: string, reason: string): Promise<number> {
    return this.revocation.revoke(userId, { reason: 'ended_by_admin', actorId: actor.userId }, async (tx) => {
      const { current } = await this.users.requireOutranks(tx, actor, userId, 'admin');
      tx.audit({ actor: current, action: 'user.logout', target: { type: 'user', id: userId }, reason });
    });
  }

  /**
   * Requires the user to confirm the deletion of their own account with a proof. `signal` is aborted when the client
   * disconnects.
   * @throws ValidationError, InvalidCredentials, FreshTokenRequired, AccountLocked, ServiceUnavailable
   */
  async requireProof(actor: Actor, password: string | undefined, signal?: AbortSignal): Promise<void> {
    await this.passwords.requireProof(actor, { field: 'password', password, signal });
  }

  /**
   * Ends all sessions and deletes credentials, devices and session origins, inside the caller's transaction on the
   * user's stream; `announceClosed` belongs after its commit. The identity at a provider stays blocked: its tokens open
   * neither this account nor a new one.
   */
  async deleteCredentials(tx: StreamTransaction, userId: string): Promise<string[]> {
    await this.repository.deleteCredential(tx, userId);
    await this.repository.deleteDevices(tx, userId);
    const ended = await this.revocation.revokeIn(tx, userId, { reason: 'account_deleted' });
    await this.sessions.clearOrigins(tx, userId);
    return ended;
  }

  announceClosed(userId: string, sessionIds: string[]): void {
    this.revocation.announce(userId, sessionIds, 'account_deleted');
  }
}
