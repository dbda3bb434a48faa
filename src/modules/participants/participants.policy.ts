import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '../../platform/audit/audit-log.js';
import type { Queryable } from '../../platform/database/sql.js';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor, SystemRole } from '../../platform/identity/actor.js';
import { isUuid } from '../../platform/validation/fields.js';
import { UsersPolicy } from '../users/users.policy.js';
import {
  ConversationFrozen,
  ConversationNotFound,
  DirectConversationFixed,
  NotAParticipant,
} from './participants.errors.js';
import { type ConversationType, type ParticipantRole, rankIn, rankOf } from './participant-roles.js';
import { type AccessRow, ParticipantsRepository } from './participants.repository.js';

/** The settings that decide rights in a conversation, with defaults for those that were never set. */
export interface ConversationSettings {
  readonly is_private: boolean;
  readonly allow_invites: boolean;
  /** Seconds between two messages of one participant; 0: none. */
  readonly slow_mode_seconds: number;
  readonly is_frozen: boolean;
}

/** The rights of an actor in a conversation. */
export interface Access {
  readonly conversationId: string;
  readonly type: ConversationType;
  readonly settings: ConversationSettings;
  /** Created by the server (the room `general`): it needs no owner. */
  readonly isSystemOwned: boolean;
  /** Whether the actor has created the conversation. */
  readonly isCreator: boolean;
  /** Undefined if the actor is not, or no longer, a participant. */
  readonly role: ParticipantRole | undefined;
  /** By participant role and system role, see `rankIn`; 0 without either. */
  readonly rank: number;
  readonly isSystemAdmin: boolean;
}

/** The rights of an actor who is a participant: such an actor is called a member, any other user a participant. */
export interface Membership extends Access {
  readonly role: ParticipantRole;
  readonly isMuted: boolean;
  /** In a direct conversation: the other user has blocked the actor. */
  readonly isBlocked: boolean;
  /** The conversation is frozen, and the actor is neither a moderator of it nor of the system. */
  readonly isBlockedByFreeze: boolean;
  /** Seconds between two posts of the actor; 0 if slow mode does not apply to them. */
  readonly slowModeSeconds: number;
  readonly joinedSeq: number;
  readonly lastReadNumber: number;
  readonly lastDeliveredNumber: number;
}

/**
 * The rights of actors in conversations. An unknown or deleted conversation is ConversationNotFound; one of which the
 * actor is not a participant is NotAParticipant. Reading always requires membership, whatever the system role. System
 * admins (in groups and rooms) and system moderators (in rooms) may moderate without being participants; admins may
 * delete any conversation.
 */
@Injectable()
export class ParticipantsPolicy {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly users: UsersPolicy,
  ) {}

  /**
   * Returns the id of a conversation from its id or, for a room, from its slug. Slugs can be guessed, so the slug of a
   * private room resolves only for its participants and by system role. @throws ConversationNotFound
   */
  async resolve(actor: Actor, idOrSlug: string): Promise<string> {
    if (isUuid(idOrSlug)) return idOrSlug.toLowerCase();
    const room = await this.repository.findBySlug(idOrSlug, actor.userId);
    if (!room || (room.is_private && !room.is_member && !SYSTEM_MODERATOR_ROLES.has(actor.role)))
      throw new ConversationNotFound();
    return room.id;
  }

  /** Whether a room has this slug, private or not. For use by the server itself. */
  async hasSlug(slug: string): Promise<boolean> {
    return (await this.repository.findBySlug(slug)) !== undefined;
  }

  /** For reads; a write has to check again under the lock. @throws ConversationNotFound, NotAParticipant */
  async requireMember(actor: Actor, conversationId: string, tx?: Queryable): Promise<Membership> {
    const row = await this.repository.findAccess(conversationId, actor.userId, tx);
    if (!row) throw new ConversationNotFound();
    const membership = toMembership(conversationId, row, actor);
    if (!membership) throw new NotAParticipant();
    return membership;
  }

  /** Whether the other user of a direct conversation has blocked this user. */
  async isBlockedIn(conversationId: string, userId: string): Promise<boolean> {
    return (await this.repository.findAccess(conversationId, userId))?.is_blocked ?? false;
  }

  /** For reads: those of these conversations in which the actor is a participant. */
  membershipsAmong({ userId }: Actor, conversationIds: string[]): Promise<ReadonlySet<string>> {
    return this.repository.membershipsAmong(userId, conversationIds);
  }

  /**
   * For writes, the first call in `EventLog.write`: checks that the account and the session are still valid, and that
   * the actor is still a participant.
   * @throws AuthenticationRequired, AccountBanned, ConversationNotFound, NotAParticipant
   */
  async requireMemberUnderLock(tx: Queryable, actor: Actor, conversationId: string): Promise<Membership> {
    const current = await this.users.requireActive(tx, actor);
    return this.requireMember(current, conversationId, tx);
  }

  /**
   * For writes that moderators may do without being participants, the first call in `EventLog.write`. Actors of rank 0
   * are denied. @throws AuthenticationRequired, AccountBanned, ConversationNotFound, PermissionDenied
   */
  async requireRankUnderLock(
    tx: Queryable,
    actor: Actor,
    conversationId: string,
    minimumRank: number,
  ): Promise<Access> {
    const access = await this.loadAccess(actor, conversationId, tx);
    if (access.rank < Math.max(1, minimumRank)) this.deny();
    return access;
  }

  /**
   * Returns the rights of the actor without denying anything: under the lock of a write, or at the time of a read.
   * @throws AuthenticationRequired, AccountBanned, ConversationNotFound
   */
  async loadAccess(actor: Actor, conversationId: string, tx?: Queryable): Promise<Access> {
    const current = await this.users.requireActive(tx, actor);
    const row = await this.repository.findAccess(conversationId, actor.userId, tx);
    if (!row) throw new ConversationNotFound();
    return toAccess(conversationId, row, current);
  }

  /** @throws PermissionDenied if the actor is muted or, in a direct conversation, blocked; ConversationFrozen */
  requireMayPost(membership: Membership): void {
    if (membership.isMuted) this.deny('You are muted in this conversation.');
    if (membership.isBlockedByFreeze) throw new ConversationFrozen();
    if (membership.isBlocked) this.deny('You cannot write to this user.');
  }

  /**
   * Slow mode, under the lock: returns the seconds that the actor has to wait before they may post again. 0 means that
   * they may; the post is then recorded with the time `at`.
   */
  async applySlowMode(
    tx: Queryable,
    membership: Membership,
    { actorId, at }: { actorId: string; at: Date },
  ): Promise<number> {
    const { conversationId, slowModeSeconds: seconds } = membership;
    return seconds === 0 ? 0 : this.repository.applySlowMode(tx, { conversationId, userId: actorId, at, seconds });
  }

  /** @throws PermissionDenied below moderator */
  requireModerator(access: Access): void {
    if (!this.canModerate(access)) this.deny();
  }

  canModerate(access: Access): boolean {
    return access.type !== 'direct' && access.rank >= rankOf('moderator');
  }

  /** Whether the actor has at least the rank of an admin. */
  canAdminister(access: Access): boolean {
    return access.type !== 'direct' && access.rank >= rankOf('admin');
  }

  /** Moderators may pin; in a direct conversation both users may. @throws PermissionDenied */
  requireMayPin(membership: Membership): void {
    this.requireMayPost(membership);
    if (membership.type !== 'direct') this.requireModerator(membership);
  }

  /** Whether every user may join, and so read. */
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

  /** Audits acts by system role of actors who are not participants. Acts of participants are not audited. */
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

/** System roles that may moderate every room. */
const SYSTEM_MODERATOR_ROLES: ReadonlySet<SystemRole> = new Set(['moderator', 'admin']);

/** The stored settings, with defaults for those that were never set. */
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
  const isRestricted = access.role === 'participant' && !SYSTEM_MODERATOR_ROLES.has(actor.role);
  return {
    ...access,
    role: access.role,
    isMuted: row.is_muted ?? false,
    isBlocked: row.is_blocked,
    isBlockedByFreeze: access.settings.is_frozen && isRestricted,
    slowModeSeconds: isRestricted ? access.settings.slow_mode_seconds : 0,
    joinedSeq: row.joined_seq ?? 0,
    lastReadNumber: row.last_read_number ?? 0,
    lastDeliveredNumber: row.last_delivered_number ?? 0,
  };
}
