import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '../../platform/audit/audit-log.js';
import type { Queryable } from '../../platform/database/sql.js';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor, SystemRole } from '../../platform/http/actor.js';
import { isUuid } from '../../platform/validation/fields.js';
import { UsersPolicy } from '../users/users.policy.js';
import { EntryBySystemRole } from './entry-by-system-role.service.js';
import { ConversationFrozen, ConversationNotFound, DirectConversationFixed } from './participants.errors.js';
import { type ConversationType, type ParticipantRole, rankIn, rankOf } from './participant-roles.js';
import { type AccessRow, ParticipantsRepository } from './participants.repository.js';

/** What holds in a conversation, whether it was ever set or not. */
export interface ConversationSettings {
  readonly is_private: boolean;
  readonly allow_invites: boolean;
  /** Seconds between two messages of one participant; 0: none. */
  readonly slow_mode_seconds: number;
  readonly is_frozen: boolean;
}

/** How an actor stands to a conversation. */
export interface Access {
  readonly conversationId: string;
  readonly type: ConversationType;
  readonly settings: ConversationSettings;
  /** Set up by the server itself (the room `general`): it needs no owner. */
  readonly isSystemOwned: boolean;
  /** Whether the actor has created it. */
  readonly isCreator: boolean;
  /** Undefined for somebody who does not take part (any more). */
  readonly role: ParticipantRole | undefined;
  /** By role and system role, see `rankIn`; 0 for a stranger. */
  readonly rank: number;
  readonly isSystemAdmin: boolean;
}

/** The same, of somebody who does take part. */
export interface Membership extends Access {
  readonly role: ParticipantRole;
  readonly isMuted: boolean;
  /** In a direct conversation: the other one has blocked the actor. */
  readonly isBlocked: boolean;
  /** The conversation is frozen, and the actor is none of its or the system's moderators. */
  readonly isBlockedByFreeze: boolean;
  /** Seconds between two posts of the actor; 0 for those whom slow mode does not bind. */
  readonly slowModeSeconds: number;
  readonly joinedSeq: number;
  readonly lastReadSeq: number;
  readonly lastDeliveredSeq: number;
}

/**
 * Who may do what in a conversation. An unknown or deleted conversation is ConversationNotFound; one the actor does not
 * take part in is PermissionDenied. Reading takes membership, always: no system role reads along. System admins (in
 * groups and rooms) and system moderators (in rooms) may keep order without taking part; admins may delete anything.
 */
@Injectable()
export class ParticipantsPolicy {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly users: UsersPolicy,
    readonly entry: EntryBySystemRole,
  ) {}

  /**
   * The id of a conversation named by its id or, for a room, by its slug. Slugs can be guessed, so the slug of a private
   * room is unknown to a stranger. @throws ConversationNotFound
   */
  async resolve(actor: Actor, idOrSlug: string): Promise<string> {
    if (isUuid(idOrSlug)) return idOrSlug.toLowerCase();
    const room = await this.repository.findBySlug(idOrSlug, actor.userId);
    if (!room || (room.is_private && !room.is_member && !MODERATOR_ROLES.has(actor.role)))
      throw new ConversationNotFound();
    return room.id;
  }

  /** Whether a room has this slug, private or not: for the server itself. */
  async hasSlug(slug: string): Promise<boolean> {
    return (await this.repository.findBySlug(slug)) !== undefined;
  }

  /** For reads; what writes must ask again under the lock. @throws ConversationNotFound, PermissionDenied */
  async requireMember(actor: Actor, conversationId: string, tx?: Queryable): Promise<Membership> {
    const row = await this.repository.access(conversationId, actor.userId, tx);
    if (!row) throw new ConversationNotFound();
    return toMembership(conversationId, row, actor) ?? this.deny('You are not in this conversation.');
  }

  /** Whether the other one of a direct conversation has blocked this user. */
  async isBlockedIn(conversationId: string, userId: string): Promise<boolean> {
    return (await this.repository.access(conversationId, userId))?.is_blocked ?? false;
  }

  /** For reads: in which of these conversations the actor takes part. */
  membershipsAmong({ userId }: Actor, conversationIds: string[]): Promise<ReadonlySet<string>> {
    return this.repository.membershipsAmong(userId, conversationIds);
  }

  /**
   * For writes, first thing in `EventLog.write`: the account and session are still good, and the actor takes part now.
   * @throws AuthenticationRequired, AccountBanned, ConversationNotFound, PermissionDenied
   */
  async requireMemberUnderLock(tx: Queryable, actor: Actor, conversationId: string): Promise<Membership> {
    const current = await this.users.requireActive(tx, actor);
    return this.requireMember(current, conversationId, tx);
  }

  /**
   * For what keepers of order may do without taking part, first thing in `EventLog.write`. Strangers of rank 0 are
   * refused. @throws AuthenticationRequired, AccountBanned, ConversationNotFound, PermissionDenied
   */
  async requireRankUnderLock(tx: Queryable, actor: Actor, conversationId: string, least: number): Promise<Access> {
    const access = await this.access(actor, conversationId, tx);
    if (access.rank < Math.max(1, least)) this.deny();
    return access;
  }

  /**
   * How the actor stands, without a refusal: in a write under its lock, in a read at present.
   * @throws AuthenticationRequired, AccountBanned, ConversationNotFound
   */
  async access(actor: Actor, conversationId: string, tx?: Queryable): Promise<Access> {
    const current = await this.users.requireActive(tx, actor);
    const row = await this.repository.access(conversationId, actor.userId, tx);
    if (!row) throw new ConversationNotFound();
    return toAccess(conversationId, row, current);
  }

  /** @throws PermissionDenied for the muted, and in a direct conversation for the blocked; ConversationFrozen */
  requireMayPost(membership: Membership): void {
    if (membership.isMuted) this.deny('You are muted in this conversation.');
    if (membership.isBlockedByFreeze) throw new ConversationFrozen();
    if (membership.isBlocked) this.deny('You cannot write to this user.');
  }

  /**
   * Under the lock: the seconds the actor has to wait before they post again, 0 where they may and so did at `at`.
   */
  async takeTurn(
    tx: Queryable,
    membership: Membership,
    { actorId, at }: { actorId: string; at: Date },
  ): Promise<number> {
    const { conversationId, slowModeSeconds: seconds } = membership;
    return seconds === 0 ? 0 : this.repository.takeTurn(tx, { conversationId, userId: actorId, at, seconds });
  }

  /** @throws PermissionDenied below moderator */
  requireModerator(access: Access): void {
    if (!this.canModerate(access)) this.deny();
  }

  canModerate(access: Access): boolean {
    return access.type !== 'direct' && access.rank >= rankOf('moderator');
  }

  /** Whether the actor has an admin's say. */
  canAdminister(access: Access): boolean {
    return access.type !== 'direct' && access.rank >= rankOf('admin');
  }

  /** Moderators pin; in a direct conversation both may. @throws PermissionDenied */
  requireMayPin(membership: Membership): void {
    this.requireMayPost(membership);
    if (membership.type !== 'direct') this.requireModerator(membership);
  }

  /** Whether anybody may join, and so read. */
  isOpenToAll(access: Access): boolean {
    return access.type === 'room' && !access.settings.is_private;
  }

  /** Whether the actor is a moderator here by system role alone. */
  moderatesBySystemRole(access: Access): boolean {
    return this.canModerate(access) && (access.role === undefined || rankOf(access.role) < rankOf('moderator'));
  }

  /** @throws DirectConversationFixed */
  requireNotDirect(access: Access): void {
    if (access.type === 'direct') throw new DirectConversationFixed();
  }

  /** Writes down what somebody does by system role who takes no part; what participants do is their own affair. */
  auditModeration(
    tx: Pick<StreamTransaction, 'audit'>,
    actor: Actor,
    access: Access,
    act: Pick<AuditEntry, 'action' | 'after' | 'reason'>,
  ): void {
    if (access.role) return;
    tx.audit({ actor, target: { type: 'conversation', id: access.conversationId }, ...act });
  }

  /** @throws PermissionDenied */
  deny(message?: string): never {
    throw new PermissionDenied(message);
  }
}

/** System roles that keep order everywhere. */
const MODERATOR_ROLES: ReadonlySet<SystemRole> = new Set(['moderator', 'admin']);

/** What holds for a setting that was never set. */
export function settingsOf(type: ConversationType, stored: Record<string, unknown>): ConversationSettings {
  return {
    is_private: typeof stored.is_private === 'boolean' ? stored.is_private : type !== 'room',
    allow_invites: stored.allow_invites === true,
    slow_mode_seconds: typeof stored.slow_mode_seconds === 'number' ? stored.slow_mode_seconds : 0,
    is_frozen: stored.is_frozen === true,
  };
}

function toAccess(conversationId: string, row: AccessRow, actor: Actor): Access {
  const role = row.is_member ? (row.role ?? undefined) : undefined;
  return {
    conversationId,
    type: row.type,
    settings: settingsOf(row.type, row.settings),
    isSystemOwned: row.created_by === null,
    isCreator: row.created_by === actor.userId,
    role,
    rank: rankIn(row.type, role, actor.role),
    isSystemAdmin: actor.role === 'admin',
  };
}

function toMembership(conversationId: string, row: AccessRow, actor: Actor): Membership | undefined {
  const access = toAccess(conversationId, row, actor);
  if (access.role === undefined) return undefined;
  const isBound = access.role === 'participant' && !MODERATOR_ROLES.has(actor.role);
  return {
    ...access,
    role: access.role,
    isMuted: row.is_muted ?? false,
    isBlocked: row.is_blocked,
    isBlockedByFreeze: access.settings.is_frozen && isBound,
    slowModeSeconds: isBound ? access.settings.slow_mode_seconds : 0,
    joinedSeq: row.joined_seq ?? 0,
    lastReadSeq: row.last_read_seq ?? 0,
    lastDeliveredSeq: row.last_delivered_seq ?? 0,
  };
}
