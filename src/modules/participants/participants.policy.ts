import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '../../platform/audit/audit-log.js';
import type { Queryable } from '../../platform/database/sql.js';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { isUuid } from '../../platform/validation/fields.js';
import { isServer } from '../users/system-user.constants.js';
import { UsersPolicy } from '../users/users.policy.js';
import {
  ConversationFrozen,
  ConversationNotFound,
  DirectConversationFixed,
  FeatureDisabled,
  NotAParticipant,
  SEND_ROLE_REQUIRED,
} from './participants.errors.js';
import {
  type Access,
  canAdminister,
  canModerate,
  isOpenToAll,
  mayInvite,
  mayPin,
  type Membership,
  SYSTEM_MODERATOR_ROLES,
  toAccess,
  toMembership,
} from './access.policy.js';
import type { Feature } from './conversation-settings.constants.js';
import { mayModerate, rankOf } from './participant-roles.js';
import { ParticipantsRepository } from './participants.repository.js';

/**
 * The rights of actors in conversations. An unknown or deleted conversation is ConversationNotFound; one of which the
 * actor is not a participant is NotAParticipant. Reading always requires membership, whatever the system role. System
 * admins (in groups and rooms) and system moderators (in rooms) may moderate without being participants; admins may
 * delete any conversation. The host's backend may read and change every conversation, as far as the scopes of its key
 * allow it to call the route.
 */
@Injectable()
export class ParticipantsPolicy {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly users: UsersPolicy,
  ) {}

  /**
   * Returns the id of a conversation from its id, from `external:` and its external id or, for a room, from its slug.
   * Slugs and external ids can be guessed, so that of a private conversation resolves only for its participants, for
   * the host's backend, and by system role; for all others if it accepts join requests. @throws ConversationNotFound
   */
  async resolve(actor: Actor, name: string): Promise<string> {
    const externalId = externalIdIn(name);
    if (externalId === undefined && isUuid(name)) return name.toLowerCase();
    const found =
      externalId === undefined
        ? await this.repository.findBySlug(name, actor.userId)
        : await this.repository.findByExternalId(externalId, actor.userId);
    if (!found) throw new ConversationNotFound();
    const isHidden = found.is_private && !found.is_member && !found.accepts_join_requests;
    if (isHidden && !isServer(actor) && !SYSTEM_MODERATOR_ROLES.has(actor.role)) throw new ConversationNotFound();
    return found.id;
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
   * As `requireMayPost`, and for the role that the conversation requires of those who write.
   * @throws PermissionDenied, ConversationFrozen
   */
  requireMayWrite(membership: Membership): void {
    this.requireMayPost(membership);
    if (!membership.hasSendRole) this.deny(SEND_ROLE_REQUIRED);
  }

  /** @throws FeatureDisabled; the host's backend may use every feature */
  requireFeature({ settings, isServer }: Access, feature: Feature): void {
    if (!settings[feature] && !isServer) throw new FeatureDisabled(feature);
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

  /** Requires a moderator who ranks above this user; a user who does not take part is a participant. @throws PermissionDenied */
  async requireMayModerate(access: Access, userId: string, tx?: Queryable): Promise<void> {
    this.requireModerator(access);
    const target = await this.repository.findAccess(access.conversationId, userId, tx);
    const role = (target?.is_member && target.role) || 'participant';
    if (!mayModerate(access.rank, role)) this.deny();
  }

  canModerate(access: Access): boolean {
    return canModerate(access);
  }

  /** Whether the actor has at least the rank of an admin. */
  canAdminister(access: Access): boolean {
    return canAdminister(access);
  }

  /** By default moderators may pin, and in a direct conversation both users. @throws PermissionDenied */
  requireMayPin(membership: Membership): void {
    this.requireMayPost(membership);
    if (!mayPin(membership)) this.deny();
  }

  /** @throws PermissionDenied */
  requireMayInvite(access: Access): void {
    if (!mayInvite(access)) this.deny();
  }

  /** Whether every user may join, and so read. */
  isOpenToAll(access: Access): boolean {
    return isOpenToAll(access);
  }

  /** Whether the actor is a moderator here by system role alone; the host's backend is none. */
  moderatesBySystemRole(access: Access): boolean {
    return (
      !access.isServer &&
      this.canModerate(access) &&
      (access.role === undefined || rankOf(access.role) < rankOf('moderator'))
    );
  }

  /**
   * Participants of a direct conversation, and admins of the system, learn why it cannot be changed.
   * @throws DirectConversationFixed, and NotAParticipant to all others
   */
  requireNotDirect({ type, role, isSystemAdmin }: Access): void {
    if (type !== 'direct') return;
    throw role || isSystemAdmin ? new DirectConversationFixed() : new NotAParticipant();
  }

  /** Audits acts of actors who are not participants: by system role, or by server key. */
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

const EXTERNAL_PREFIX = 'external:';

/** The external id in `external:<id>`, which is used in place of another id; undefined for any other text. */
export function externalIdIn(name: string): string | undefined {
  return name.startsWith(EXTERNAL_PREFIX) ? name.slice(EXTERNAL_PREFIX.length) : undefined;
}
