import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import { AccountBanned, AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor, SystemRole } from '../../platform/http/actor.js';
import { UsersRepository } from './users.repository.js';

/** What of a transaction a check needs: reading. */
export type ReadingTransaction = Pick<StreamTransaction, 'many' | 'one' | 'run'>;

const RANK: Readonly<Record<SystemRole, number>> = { user: 0, student: 0, teacher: 1, moderator: 2, admin: 3 };

/** Who may act at all, and upon whom. */
@Injectable()
export class UsersPolicy {
  constructor(private readonly repository: UsersRepository) {}

  /**
   * First thing of a write, under its lock: the credential was judged when the request came, and the session may have
   * been revoked or the user banned since. Answers the actor with the role of this moment.
   * @throws AuthenticationRequired, AccountBanned
   */
  async requireActive(tx: ReadingTransaction | undefined, actor: Actor): Promise<Actor> {
    const state = await this.repository.actorState(tx, actor.sessionId, actor.userId);
    if (!state) throw new AuthenticationRequired();
    if (state.is_banned) {
      throw new AccountBanned({ reason: state.ban_reason, until: state.banned_until?.toISOString() ?? null });
    }
    return { ...actor, role: state.role, username: state.username, displayName: state.display_name };
  }

  /**
   * Whether the actor has this rank now: read from the database, uncached, so that no token of a demoted or banned
   * admin opens anything. Answers the actor with the role of this moment.
   * @throws PermissionDenied, AuthenticationRequired, AccountBanned
   */
  async requireRank(actor: Actor, least: 'moderator' | 'admin', tx?: ReadingTransaction): Promise<Actor> {
    const current = await this.requireActive(tx, actor);
    if (RANK[current.role] < RANK[least]) throw new PermissionDenied();
    return current;
  }

  /** Only those of higher rank act upon an account; equals do not. @throws PermissionDenied */
  requireOutranks(actor: Actor, target: { role: SystemRole }, least: 'moderator' | 'admin'): void {
    const outranks = RANK[actor.role] >= RANK[least] && RANK[actor.role] > RANK[target.role];
    if (!outranks) throw new PermissionDenied();
  }
}
