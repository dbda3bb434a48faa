import { Injectable } from '@nestjs/common';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor, SystemRole } from '../../platform/identity/actor.js';
import { isGuest } from './guest.constants.js';
import { SYSTEM_USER_ID } from './system-user.constants.js';
import { IdempotencyRepository } from '../../platform/http/idempotency.repository.js';
import { parseProfileChanges } from './profile-changes.js';
import type { UpdateProfileDto, UserRow } from './users.dto.js';
import { LastAdmin, UserNotFound } from './users.errors.js';
import { USER_BANNED, USER_UPDATED, UserBanned, UserRoleChanged, UserUnbanned, UserUpdated } from './users.events.js';
import { requireMayManage, UsersPolicy } from './users.policy.js';
import { UserBlocksRepository } from './user-blocks.repository.js';
import { type ErasedDisplayName, UsersRepository } from './users.repository.js';

/** The actor of an administrative act, with their current role, and its target. */
export interface ActorAndTarget {
  readonly actor: Actor;
  readonly target: UserRow;
}

export interface UserUpdate extends UpdateProfileDto {
  readonly role?: SystemRole;
}

/**
 * Administration of the accounts of other users. Ranks are compared under the lock of the target account, with current
 * roles, and each act is audited in its own transaction.
 */
@Injectable()
export class UserAdministration {
  constructor(
    private readonly repository: UsersRepository,
    private readonly blocks: UserBlocksRepository,
    private readonly policy: UsersPolicy,
    private readonly idempotency: IdempotencyRepository,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /** Bans a user from the server, with immediate effect. @throws UserNotFound, PermissionDenied */
  async ban(actor: Actor, userId: string, { reason, until }: { reason: string; until: Date | null }): Promise<void> {
    await this.change(userId, async (tx) => {
      const { actor: current, target } = await this.requireOutranks(tx, actor, userId, 'moderator');
      await this.repository.setBan(tx, userId, { at: tx.head.at, until, reason });
      const payload = { reason, until: until?.toISOString() ?? null };
      tx.publishExternal({ type: USER_BANNED, actorId: actor.userId, subjectId: userId, payload });
      const after = { is_banned: true, until: payload.until };
      tx.audit({
        actor: current,
        action: 'user.ban',
        target: toAuditTarget(userId),
        reason,
        before: toBanState(target),
        after,
      });
    });
    this.events.publish(new UserBanned(userId, until));
  }

  /** @throws UserNotFound, PermissionDenied */
  async unban(actor: Actor, userId: string, reason: string): Promise<void> {
    await this.change(userId, async (tx) => {
      const { actor: current, target } = await this.requireOutranks(tx, actor, userId, 'moderator');
      await this.repository.clearBan(tx, userId);
      const [before, after] = [toBanState(target), { is_banned: false, until: null }];
      tx.audit({ actor: current, action: 'user.unban', target: toAuditTarget(userId), reason, before, after });
    });
    this.events.publish(new UserUnbanned(userId));
  }

  /**
   * Changes the role or the profile of an account. Admins may change every account: an admin can be demoted, by another
   * admin or by themselves, as long as one remains. @throws UserNotFound, PermissionDenied, LastAdmin, ValidationError
   */
  async update(actor: Actor, userId: string, { role, ...profile }: UserUpdate, reason: string): Promise<void> {
    requireNotBuiltIn(userId);
    const changes = parseProfileChanges(profile);
    await this.change(userId, async (tx) => {
      // A change of role locks all admins first: of two admins who demote each other, the second is no longer an admin.
      const admins = role === undefined ? [] : await this.repository.lockAdmins(tx);
      const current = await this.policy.requireRank(actor, 'admin', tx);
      const target = await this.requireUser(tx, userId);
      if (target.role === 'admin' && role !== undefined && role !== 'admin') requireOtherAdmin(admins, userId);
      if (role !== undefined) await this.repository.setRole(tx, userId, role);
      await this.repository.updateProfile(tx, userId, changes);
      tx.append({ type: USER_UPDATED, actorId: actor.userId, subjectId: userId });
      const change = changedFields(target, await this.requireUser(tx, userId));
      tx.audit({ actor: current, action: 'user.update', target: toAuditTarget(userId), reason, ...change });
    });
    if (role !== undefined) this.events.publish(new UserRoleChanged(userId, role));
    this.events.publish(new UserUpdated(userId));
  }

  /**
   * Deactivates or reactivates an account inside the caller's transaction on its stream; unchanged if it is as
   * requested. `announceChange` belongs after the commit. @throws UserNotFound, PermissionDenied
   */
  async setDeactivated(tx: StreamTransaction, actor: Actor, userId: string, isDeactivated: boolean): Promise<void> {
    const { actor: current, target } = await this.requireOutranks(tx, actor, userId, 'admin');
    requireMayManage(actor, target, target.role);
    if (target.is_deactivated === isDeactivated) return;
    await this.repository.setDeactivated(tx, userId, isDeactivated ? tx.head.at : null);
    tx.append({ type: USER_UPDATED, actorId: actor.userId, subjectId: userId });
    const action = isDeactivated ? 'user.deactivate' : 'user.reactivate';
    tx.audit({ actor: current, action, target: toAuditTarget(userId) });
  }

  /** To be called after the commit of a transaction with `setDeactivated`. */
  announceChange(userId: string): void {
    this.events.publish(new UserUpdated(userId));
  }

  /**
   * Permanently erases the personal data of an account, inside the caller's transaction on its stream. The row remains,
   * because messages refer to it as their sender. The caller has authorized the actor. @throws LastAdmin
   */
  async erasePersonalData(tx: StreamTransaction, target: UserRow, displayName: ErasedDisplayName): Promise<void> {
    if (target.role === 'admin') await this.lockAndRequireOtherAdmin(tx, target.id);
    await this.repository.erase(tx, target.id, { at: tx.head.at, displayName });
    await this.blocks.replaceByErasure(tx, target.id);
    await this.idempotency.deleteOfUser(tx, target.id);
  }

  /** Requires that the actor outranks the user, under the user's lock. @throws UserNotFound, PermissionDenied */
  async requireOutranks(
    tx: StreamTransaction,
    actor: Actor,
    userId: string,
    minimumRole: 'moderator' | 'admin',
  ): Promise<ActorAndTarget> {
    if (minimumRole === 'admin') requireNotBuiltIn(userId);
    requireNotSystem(userId);
    const current = await this.policy.requireActive(tx, actor);
    const target = await this.requireUser(tx, userId);
    this.policy.requireOutranks(current, target, minimumRole);
    return { actor: current, target };
  }

  /** The current state of the actor, who is also the target. @throws AuthenticationRequired, AccountBanned */
  async requireActiveSelf(tx: StreamTransaction, actor: Actor): Promise<ActorAndTarget> {
    const current = await this.policy.requireActive(tx, actor);
    return { actor: current, target: await this.requireUser(tx, actor.userId) };
  }

  /** @throws UserNotFound */
  async requireUser(tx: StreamTransaction, userId: string): Promise<UserRow> {
    const [user] = await this.repository.find([userId], tx);
    if (!user) throw new UserNotFound();
    return user;
  }

  /** Locks all admins, in the order of their ids: two admins who demote each other cannot both succeed. */
  private async lockAndRequireOtherAdmin(tx: StreamTransaction, userId: string): Promise<void> {
    requireOtherAdmin(await this.repository.lockAdmins(tx), userId);
  }

  private async change(userId: string, work: (tx: StreamTransaction) => Promise<void>): Promise<void> {
    const streamExists = await this.log.write(userId, async (tx) => {
      await work(tx);
      return true;
    });
    if (!streamExists) throw new UserNotFound();
  }
}

function requireOtherAdmin(admins: string[], userId: string): void {
  if (!admins.some((id) => id !== userId)) throw new LastAdmin();
}

/** All guests share one account. A ban excludes all of them at once; other changes would break guest access. */
function requireNotBuiltIn(userId: string): void {
  requireNotSystem(userId);
  if (isGuest({ userId })) throw new PermissionDenied('All guests share this account; it can only be banned.');
}

/** A ban of this account would end every server key. */
function requireNotSystem(userId: string): void {
  if (userId === SYSTEM_USER_ID)
    throw new PermissionDenied('This account belongs to the server; it cannot be changed.');
}

function toAuditTarget(id: string): { type: string; id: string } {
  return { type: 'user', id };
}

function toBanState(user: UserRow): Record<string, unknown> {
  return { is_banned: user.is_banned, until: user.is_banned ? (user.banned_until?.toISOString() ?? null) : null };
}

const AUDITED_FIELDS = ['role', 'display_name', 'bio', 'avatar_url', 'location'] as const;

/** The changed fields, before and after. */
function changedFields(before: UserRow, after: UserRow): Record<'before' | 'after', Record<string, unknown>> {
  const changed = AUDITED_FIELDS.filter((field) => before[field] !== after[field]);
  const pick = (user: UserRow): Record<string, unknown> =>
    Object.fromEntries(changed.map((field) => [field, user[field]]));
  return { before: pick(before), after: pick(after) };
}
