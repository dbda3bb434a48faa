import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import { AccountBanned, AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import { type Actor, mayActAs, type SystemRole } from '../../platform/identity/actor.js';
import type { ServerKey } from '../../platform/identity/server-key.js';
import { isGuest } from './guest.constants.js';
import { isServer, SYSTEM_USER_ID } from './system-user.constants.js';
import type { UserRow } from './users.dto.js';
import { AccountDeactivated } from './users.errors.js';
import { UsersRepository } from './users.repository.js';

const RANK: Readonly<Record<SystemRole, number>> = { user: 0, student: 0, teacher: 1, moderator: 2, admin: 3 };

/** Whether the actor has at least this system role; the host's backend has every right. */
export function hasRank(actor: Actor, minimumRole: SystemRole): boolean {
  return isServer(actor) || RANK[actor.role] >= RANK[minimumRole];
}

/** Whether an actor may act, and on which accounts. */
@Injectable()
export class UsersPolicy {
  constructor(private readonly repository: UsersRepository) {}

  /**
   * The first call of a write, under its lock. The credential was checked at the start of the request; since then the
   * session may have been revoked or the user banned. Returns the actor with their current role; the role of the host's
   * backend is that of its actor, because none is stored.
   * @throws AuthenticationRequired, AccountBanned, PermissionDenied
   */
  async requireActive(tx: Queryable | undefined, actor: Actor): Promise<Actor> {
    const state = await this.repository.actorState(tx, actor.sessionId, actor.userId);
    if (!state) throw new AuthenticationRequired();
    requireUsable(state);
    if (actor.serverKey?.actsAsUser) requireMayActAs(actor.serverKey, state.role);
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

/** Requires that the key may act as users of this system role. @throws PermissionDenied */
export function requireMayActAs(key: ServerKey, role: SystemRole): void {
  if (mayActAs(key, role)) return;
  if (role === 'admin') throw new PermissionDenied('A server key cannot act as an admin.');
  throw new PermissionDenied('To act as a moderator, the server key needs the scope moderation.', {
    required_scope: 'moderation',
  });
}

/** Requires that the account is neither banned nor deactivated. @throws AccountBanned, AccountDeactivated */
export function requireUsable(
  user: Pick<UserRow, 'is_banned' | 'ban_reason' | 'banned_until' | 'is_deactivated'>,
): void {
  if (user.is_deactivated) throw new AccountDeactivated();
  if (!user.is_banned) return;
  throw new AccountBanned({ reason: user.ban_reason, until: user.banned_until?.toISOString() ?? null });
}

/**
 * Requires that the host product may change an account of the first role so that it has the second. Admins are
 * excluded: a key that could change them would have their rights. @throws PermissionDenied
 */
export function requireMayManage(
  { serverKey }: Actor,
  { id, role }: Pick<UserRow, 'id' | 'role'>,
  after: SystemRole,
): void {
  if (isGuest({ userId: id }) || id === SYSTEM_USER_ID)
    throw new PermissionDenied('This account belongs to the server.');
  if (role === 'admin') throw new PermissionDenied('Admins are changed with PATCH /admin/users/{id}.');
  const needsModeration = role === 'moderator' || after === 'moderator';
  if (needsModeration && serverKey && !serverKey.scopes.has('moderation')) {
    throw new PermissionDenied('This key needs the scope moderation for moderators.');
  }
}
