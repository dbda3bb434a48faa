import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/http/actor.js';
import { UserAdministration } from '../users/user-administration.service.js';
import type { SessionDto } from './auth.dto.js';
import { AuthRepository } from './auth.repository.js';
import { PasswordChecks } from './password-checks.js';
import { SessionRevocation } from './session-revocation.js';
import { SessionsRepository } from './sessions.repository.js';

/** A session as somebody else than its user sees it. */
export type LiveSession = Omit<SessionDto, 'is_current'>;

/** The ends of an account as others bring them about: its sessions, and what it is logged in with. */
@Injectable()
export class AccountAdministration {
  constructor(
    private readonly users: UserAdministration,
    private readonly revocation: SessionRevocation,
    private readonly repository: AuthRepository,
    private readonly sessions: SessionsRepository,
    private readonly passwords: PasswordChecks,
  ) {}

  /** The live sessions of somebody, the last used first; at most 100. Who asks has been judged. */
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

  /** Ends all sessions of somebody of lower rank. Answers how many. @throws UserNotFound, PermissionDenied */
  async logout(actor: Actor, userId: string, reason: string): Promise<number> {
    return this.revocation.revoke(userId, { reason: 'ended_by_admin', actorId: actor.userId }, async (tx) => {
      const { current } = await this.users.requireOutranks(tx, actor, userId, 'admin');
      tx.audit({ actor: current, action: 'user.logout', target: { type: 'user', id: userId }, reason });
    });
  }

  /**
   * A user who ends their own account proves again who they are. `signal` is aborted when the client disconnects.
   * @throws ValidationError, InvalidCredentials, FreshTokenRequired, AccountLocked, ServiceUnavailable
   */
  async requireProof(actor: Actor, password: string | undefined, signal?: AbortSignal): Promise<void> {
    await this.passwords.requireProof(actor, { field: 'password', password, signal });
  }

  /**
   * Ends all sessions and takes away what they were opened with and from, inside the caller's transaction on the
   * user's stream; `announceClosed` belongs after its commit. The identity at a provider stays, shut: its tokens open
   * neither this account nor a new one.
   */
  async deleteCredentials(tx: StreamTransaction, userId: string): Promise<string[]> {
    await this.repository.deleteCredential(tx, userId);
    await this.repository.forgetDevices(tx, userId);
    const ended = await this.revocation.revokeIn(tx, userId, { reason: 'account_deleted' });
    await this.sessions.forgetPlaces(tx, userId);
    return ended;
  }

  announceClosed(userId: string, sessionIds: string[]): void {
    this.revocation.announce(userId, sessionIds, 'account_deleted');
  }
}
