import { Injectable } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import { SESSION_REVOKED, SessionKeysEnded, SessionsRevoked, type RevocationReason } from './auth.events.js';
import { ExternalIdentitiesRepository } from './external-identities.repository.js';
import { SessionKeysRepository } from './session-keys.repository.js';
import { SessionsRepository } from './sessions.repository.js';

export interface Revocation {
  readonly only?: string;
  readonly except?: string;
  readonly reason: RevocationReason;
  /** The user themselves if omitted. */
  readonly actorId?: string;
}

/**
 * Ends sessions permanently and immediately. When the promise resolves, no write of theirs is accepted on any node,
 * this node refuses their tokens, and their connections are being closed everywhere.
 */
@Injectable()
export class SessionRevocation {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly identities: ExternalIdentitiesRepository,
    private readonly keys: SessionKeysRepository,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /** `check` runs first, under the lock of the user's stream. Returns how many sessions ended. */
  async revoke(
    userId: string,
    revocation: Revocation,
    check?: (tx: StreamTransaction) => Promise<unknown>,
  ): Promise<number> {
    const ended = await this.log.write(userId, async (tx) => {
      await check?.(tx);
      return this.revokeInTransaction(tx, userId, revocation);
    });
    this.announce(userId, ended ?? [], revocation.reason);
    return ended?.length ?? 0;
  }

  /** The same inside the caller's transaction on the user's stream; `announce` belongs after its commit. */
  async revokeInTransaction(tx: StreamTransaction, userId: string, revocation: Revocation): Promise<string[]> {
    const { only, reason, actorId = userId } = revocation;
    const ended = await this.sessions.revoke(tx, userId, revocation);
    if (only === undefined) {
      await this.identities.refuseOlderTokens(tx, userId);
      // Also the keys of a remaining session: they were created with tokens that may be compromised.
      await this.keys.removeAll(tx, userId);
    }
    appendRevoked(tx, ended, { actorId, reason });
    return ended;
  }

  /** Ends the sessions used longest ago if there are more than `limit`. */
  async revokeExcess(userId: string, limit: number): Promise<void> {
    if ((await this.sessions.countActive(userId)) <= limit) return;
    const reason = 'too_many';
    const ended = await this.log.write(userId, async (tx) => {
      const ids = await this.sessions.revokeOldest(tx, userId, { limit, reason });
      appendRevoked(tx, ids, { actorId: userId, reason });
      return ids;
    });
    this.announce(userId, ended ?? [], reason);
  }

  announce(userId: string, sessionIds: string[], reason: RevocationReason): void {
    if (reason === 'password_changed') this.events.publish(new SessionKeysEnded(userId));
    if (sessionIds.length > 0) this.events.publish(new SessionsRevoked(userId, sessionIds, reason));
  }
}

function appendRevoked(
  tx: StreamTransaction,
  sessionIds: string[],
  { actorId, reason }: { actorId: string; reason: RevocationReason },
): void {
  for (const subjectId of sessionIds) tx.append({ type: SESSION_REVOKED, actorId, subjectId, payload: { reason } });
}
