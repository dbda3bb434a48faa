import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { ShadowBansRepository } from './shadow-bans.repository.js';
import { type ActorAndTarget, UserAdministration } from './user-administration.service.js';
import { UserNotFound } from './users.errors.js';

/**
 * Shadow bans: what the user sends is shown to them alone. They are not informed: there is no event, signal or webhook,
 * and only the audit log and the reads of admins have it.
 */
@Injectable()
export class ShadowBans {
  constructor(
    private readonly repository: ShadowBansRepository,
    private readonly users: UserAdministration,
    private readonly log: EventLog,
  ) {}

  /** Begins a shadow ban, or changes its reason and end. @throws UserNotFound, PermissionDenied */
  async set(actor: Actor, userId: string, { reason, until }: { reason: string; until: Date | null }): Promise<void> {
    await this.change(actor, userId, async (tx, { actor: current }) => {
      await this.repository.set(tx, userId, { at: tx.head.at, until, reason });
      const after = { until: until?.toISOString() ?? null };
      tx.audit({ actor: current, action: 'user.shadow_ban', target: { type: 'user', id: userId }, reason, after });
    });
  }

  /** What the user has sent meanwhile stays as it is. Has no effect without a ban. @throws as `set` */
  async lift(actor: Actor, userId: string): Promise<void> {
    await this.change(actor, userId, async (tx, { actor: current }) => {
      if (!(await this.repository.clear(tx, userId))) return;
      tx.audit({ actor: current, action: 'user.shadow_unban', target: { type: 'user', id: userId } });
    });
  }

  /** Whether the user is shadow-banned now. */
  isActive(userId: string, tx?: Queryable): Promise<boolean> {
    return this.repository.isActive(userId, tx);
  }

  private async change(
    actor: Actor,
    userId: string,
    work: (tx: StreamTransaction, locked: ActorAndTarget) => Promise<void>,
  ): Promise<void> {
    const streamExists = await this.log.write(userId, async (tx) => {
      await work(tx, await this.users.requireOutranks(tx, actor, userId, 'admin'));
      return true;
    });
    if (!streamExists) throw new UserNotFound();
  }
}
