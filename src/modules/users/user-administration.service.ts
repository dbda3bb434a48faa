import { Injectable } from '@nestjs/common';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor, SystemRole } from '../../platform/http/actor.js';
import { isGuest } from '../../platform/http/guest.js';
import { IdempotencyRepository } from '../../platform/http/idempotency.repository.js';
import { requireProfile } from './user-fields.policy.js';
import type { UpdateProfileDto, UserRow } from './users.dto.js';
import { LastAdmin, UserNotFound } from './users.errors.js';
import { USER_BANNED, USER_UPDATED, UserBanned, UserRoleChanged, UserUnbanned, UserUpdated } from './users.events.js';
import { UsersPolicy } from './users.policy.js';
import { type ErasedName, UsersRepository } from './users.repository.js';

/** Somebody acts upon somebody, as both are at this moment. */
export interface Acting {
  readonly current: Actor;
  readonly target: UserRow;
}

export interface AccountUpdate extends UpdateProfileDto {
  readonly role?: SystemRole;
}

/**
 * What is done to the accounts of others. Rank is judged under the lock of the account acted upon, with the roles of
 * this moment, and each act is written down in its own transaction.
 */
@Injectable()
export class UserAdministration {
  constructor(
    private readonly repository: UsersRepository,
    private readonly policy: UsersPolicy,
    private readonly keptAnswers: IdempotencyRepository,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /** Shuts a user out, at once and everywhere. @throws UserNotFound, PermissionDenied */
  async ban(actor: Actor, userId: string, { reason, until }: { reason: string; until: Date | null }): Promise<void> {
    await this.change(userId, async (tx) => {
      const { current, target } = await this.requireOutranks(tx, actor, userId, 'moderator');
      await this.repository.setBan(tx, userId, { at: tx.head.at, until, reason });
      const payload = { reason, until: until?.toISOString() ?? null };
      tx.publishExternal({ type: USER_BANNED, actorId: actor.userId, subjectId: userId, payload });
      const after = { is_banned: true, until: payload.until };
      tx.audit({ actor: current, action: 'user.ban', target: toTarget(userId), reason, before: banOf(target), after });
    });
    this.events.publish(new UserBanned(userId, until));
  }

  /** @throws UserNotFound, PermissionDenied */
  async unban(actor: Actor, userId: string, reason: string): Promise<void> {
    await this.change(userId, async (tx) => {
      const { current, target } = await this.requireOutranks(tx, actor, userId, 'moderator');
      await this.repository.clearBan(tx, userId);
      const [before, after] = [banOf(target), { is_banned: false, until: null }];
      tx.audit({ actor: current, action: 'user.unban', target: toTarget(userId), reason, before, after });
    });
    this.events.publish(new UserUnbanned(userId));
  }

  /**
   * Changes the role or what is shown of an account; for admins, upon anybody: so an admin can be demoted, by another
   * one or by himself, as long as one is left. @throws UserNotFound, PermissionDenied, LastAdmin, ValidationError
   */
  async update(actor: Actor, userId: string, { role, ...profile }: AccountUpdate, reason: string): Promise<void> {
    requirePerson(userId);
    const changes = requireProfile(profile);
    await this.change(userId, async (tx) => {
      // A change of role locks all admins first: of two who demote each other the second is no admin any more.
      const admins = role === undefined ? [] : await this.repository.lockAdmins(tx);
      const current = await this.policy.requireRank(actor, 'admin', tx);
      const target = await this.require(tx, userId);
      if (target.role === 'admin' && role !== undefined && role !== 'admin') requireAnother(admins, userId);
      if (role !== undefined) await this.repository.setRole(tx, userId, role);
      await this.repository.updateProfile(tx, userId, changes);
      tx.append({ type: USER_UPDATED, actorId: actor.userId, subjectId: userId });
      const change = difference(target, await this.require(tx, userId));
      tx.audit({ actor: current, action: 'user.update', target: toTarget(userId), reason, ...change });
    });
    if (role !== undefined) this.events.publish(new UserRoleChanged(userId, role));
    this.events.publish(new UserUpdated(userId));
  }

  /**
   * Takes the person out of an account for good, inside the caller's transaction on its stream; the row stays, because
   * messages name it as their author. Who asks has been judged. @throws LastAdmin
   */
  async eraseIn(tx: StreamTransaction, target: UserRow, name: ErasedName): Promise<void> {
    if (target.role === 'admin') await this.requireAnotherAdmin(tx, target.id);
    await this.repository.erase(tx, target.id, { at: tx.head.at, name });
    await this.keptAnswers.forgetUser(tx, target.id);
  }

  /** Whether the actor stands above the user, under the user's lock. @throws UserNotFound, PermissionDenied */
  async requireOutranks(
    tx: StreamTransaction,
    actor: Actor,
    userId: string,
    least: 'moderator' | 'admin',
  ): Promise<Acting> {
    if (least === 'admin') requirePerson(userId);
    const current = await this.policy.requireActive(tx, actor);
    const target = await this.require(tx, userId);
    this.policy.requireOutranks(current, target, least);
    return { current, target };
  }

  /** The actor himself, as he is at this moment. @throws AuthenticationRequired, AccountBanned */
  async requireSelf(tx: StreamTransaction, actor: Actor): Promise<Acting> {
    const current = await this.policy.requireActive(tx, actor);
    return { current, target: await this.require(tx, actor.userId) };
  }

  /** @throws UserNotFound */
  async require(tx: StreamTransaction, userId: string): Promise<UserRow> {
    const [user] = await this.repository.find([userId], tx);
    if (!user) throw new UserNotFound();
    return user;
  }

  /** All admins are locked, in the order of their ids: two who demote each other cannot both succeed. */
  private async requireAnotherAdmin(tx: StreamTransaction, userId: string): Promise<void> {
    requireAnother(await this.repository.lockAdmins(tx), userId);
  }

  private async change(userId: string, work: (tx: StreamTransaction) => Promise<void>): Promise<void> {
    const done = await this.log.write(userId, async (tx) => {
      await work(tx);
      return true;
    });
    if (!done) throw new UserNotFound();
  }
}

function requireAnother(admins: string[], userId: string): void {
  if (!admins.some((id) => id !== userId)) throw new LastAdmin();
}

/** Guests can be shut out, all at once; whatever else is done to an account would leave none to let them in by. */
function requirePerson(userId: string): void {
  if (isGuest({ userId })) throw new PermissionDenied('All guests share this account: it can be banned, no more.');
}

function toTarget(id: string): { type: string; id: string } {
  return { type: 'user', id };
}

function banOf(user: UserRow): Record<string, unknown> {
  return { is_banned: user.is_banned, until: user.is_banned ? (user.banned_until?.toISOString() ?? null) : null };
}

const CHANGEABLE = ['role', 'display_name', 'bio', 'avatar_url', 'location'] as const;

/** What is another now, as it was and as it is. */
function difference(was: UserRow, is: UserRow): Record<'before' | 'after', Record<string, unknown>> {
  const changed = CHANGEABLE.filter((field) => was[field] !== is[field]);
  const pick = (user: UserRow): Record<string, unknown> =>
    Object.fromEntries(changed.map((field) => [field, user[field]]));
  return { before: pick(was), after: pick(is) };
}
