import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import { AccountBanned, AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor, SystemRole } from '../../platform/identity/actor.js';
import { isServer } from './system-user.constants.js';
import type { UserRow } from './users.dto.js';
import { UsersRepository } from './users.repository.js';

const RANK: Readonly<Record<SystemRole, number>> = { user: 0, student: 0, teacher: 1, moderator: 2, admin: 3 };

/** Whether an actor may act, and on which accounts. */
@Injectable()
export class UsersPolicy {
  constructor(private readonly repository: UsersRepository) {}

  /**
   * The first call of a write, under its lock. The credential was checked at the start of the request; since then the
   * session may have been revoked or the user banned. Returns the actor with their current role; the role of the host's
   * backend is that of its actor, because none is stored. @throws AuthenticationRequired, AccountBanned
   */
  async requireActive(tx: Queryable | undefined, actor: Actor): Promise<Actor> {
    const state = await this.repository.actorState(tx, actor.sessionId, actor.userId);
    if (!state) throw new AuthenticationRequired();
    requireNotBanned(state);
    return {
      ...actor,
      role: isServer(actor) ? actor.role : state.role,
      username: state.username,
      displayName: state.display_name,
    };
  }

  /**
   * Requires that the actor has this rank now. The role is read from the database, uncached, so that the token of a
   * demoted or banned admin grants nothing. Returns the actor with their current role.
   * @throws PermissionDenied, AuthenticationRequired, AccountBanned
   */
  async requireRank(actor: Actor, minimumRole: 'moderator' | 'admin', tx?: Queryable): Promise<Actor> {
    const current = await this.requireActive(tx, actor);
    if (RANK[current.role] < RANK[minimumRole]) throw new PermissionDenied();
    return current;
  }

  /**
   * Requires that the actor has a higher rank than the target; an equal rank is not enough. @throws PermissionDenied
   */
  requireOutranks(actor: Actor, target: { role: SystemRole }, minimumRole: 'moderator' | 'admin'): void {
    const outranks = RANK[actor.role] >= RANK[minimumRole] && RANK[actor.role] > RANK[target.role];
    if (!outranks) throw new PermissionDenied();
  }
}

/** @throws AccountBanned */
export function requireNotBanned(user: Pick<UserRow, 'is_banned' | 'ban_reason' | 'banned_until'>): void {
  if (!user.is_banned) return;
  throw new AccountBanned({ reason: user.ban_reason, until: user.banned_until?.toISOString() ?? null });
}
