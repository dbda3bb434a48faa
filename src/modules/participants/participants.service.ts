import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/http/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, toPage } from '../../platform/pagination/page.js';
import { type Admission, Admissions } from './admissions.js';
import {
  type LeftPayload,
  type ParticipantPayload,
  presentParticipant,
  presentParticipantEvent,
} from './participant-presenter.js';
import { mayChangeRole, mayModerate, type ParticipantRole, rankOf } from './participant-roles.js';
import type {
  AddParticipantsDto,
  ChangeParticipantDto,
  ListParticipantsQuery,
  ParticipantDto,
  ParticipantPageDto,
} from './participants.dto.js';
import { ConversationNotFound, ParticipantNotFound } from './participants.errors.js';
import { CONVERSATION_REMOVED, PARTICIPANT_LEFT, PARTICIPANT_UPDATED } from './participants.events.js';
import { type Access, ParticipantsPolicy } from './participants.policy.js';
import { type ListPlace, type ParticipantRow, ParticipantsRepository } from './participants.repository.js';

export type { Admission } from './admissions.js';

/**
 * Who takes part in a conversation, and as what. Every change is part of the conversation's ordered log, judged under
 * its lock: so an owner is never lost, and whoever is removed is out with the very position of that event.
 */
@Injectable()
export class ParticipantsService {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly admissions: Admissions,
    private readonly log: EventLog,
  ) {}

  /** Owners first, then admins, moderators and the rest, each the longest-standing first. @throws as `requireMember` */
  async list(actor: Actor, conversationId: string, query: ListParticipantsQuery): Promise<ParticipantPageDto> {
    await this.policy.requireMember(actor, conversationId);
    const { limit = DEFAULT_PAGE_SIZE, cursor, role } = query;
    const after = cursor === undefined ? undefined : decodeCursor(cursor, ['number', 'millis', 'uuid']);
    const rows = await this.repository.page(conversationId, {
      role,
      after: after as ListPlace | undefined,
      limit: limit + 1,
    });
    const page = toPage(rows, limit, presentParticipant, (row) => [row.order_rank, row.joined_ms, row.user_id]);
    return { ...page, at_seq: rows[0]?.at_seq ?? 0 };
  }

  /**
   * Lets others in; moderators may, and everybody where the setting `allow_invites` says so.
   * @throws ConversationNotFound, PermissionDenied, DirectConversationFixed, UserNotFound, TooManyParticipants
   */
  async add(actor: Actor, conversationId: string, dto: AddParticipantsDto): Promise<{ data: ParticipantDto[] }> {
    const userIds = [...new Set(dto.user_ids)];
    if (userIds.length === 0) throw ValidationError.of('user_ids', 'must not be empty');
    const { role = 'participant' } = dto;
    return this.change(actor, conversationId, async (tx, access) => {
      if (!this.policy.canModerate(access) && !(access.role && access.settings.allow_invites)) this.policy.deny();
      if (role !== 'participant' && !mayChangeRole(access.rank, 'participant', role)) this.policy.deny();
      await this.admissions.admit(tx, actor, await this.withOwner(tx, access, userIds, role));
      const rows = await this.repository.find(tx, conversationId, userIds);
      return { data: rows.map(presentParticipant) };
    });
  }

  /** For whoever creates a conversation, under its lock; see `Admissions`. */
  admit(tx: StreamTransaction, actor: Actor, admissions: Admission[]): Promise<number> {
    return this.admissions.admit(tx, actor, admissions);
  }

  /** The actor comes into a room that is not private; who is in already is in. @throws ConversationNotFound, PermissionDenied */
  async join(actor: Actor, conversationId: string): Promise<void> {
    await this.change(actor, conversationId, async (tx, access) => {
      if (access.role) return;
      if (access.type !== 'room' || access.settings.is_private)
        this.policy.deny('This conversation is by invitation only.');
      await this.admissions.admit(tx, actor, await this.withOwner(tx, access, [actor.userId], 'participant'));
    });
  }

  /**
   * Gives a role, or mutes, or both. Giving `owner` passes the ownership on: the owner becomes an admin.
   * @throws ConversationNotFound, ParticipantNotFound, PermissionDenied, DirectConversationFixed
   */
  async update(
    actor: Actor,
    conversationId: string,
    userId: string,
    dto: ChangeParticipantDto,
  ): Promise<ParticipantDto> {
    return this.change(actor, conversationId, async (tx, access) => {
      if (access.rank < rankOf('moderator')) this.policy.deny();
      const target = await this.requireParticipant(tx, conversationId, userId);
      const role = dto.role === target.role ? undefined : dto.role;
      const isMuted = dto.is_muted === target.is_muted ? undefined : dto.is_muted;
      if (role !== undefined && !mayChangeRole(access.rank, target.role, role)) this.policy.deny();
      if (isMuted !== undefined && !mayModerate(access.rank, target.role)) this.policy.deny();
      if (role === undefined && isMuted === undefined) return presentParticipant(target);
      if (role === 'owner') await this.stepDown(tx, actor);
      else if (target.role === 'owner' && role && !(await this.passOn(tx, actor, userId))) {
        this.policy.deny('Nobody else could own this conversation.');
      }
      return presentParticipant(await this.alter(tx, actor, target, { role, isMuted }));
    });
  }

  /** Takes somebody out; oneself is leaving. @throws as `update` */
  async remove(actor: Actor, conversationId: string, userId: string): Promise<void> {
    if (userId === actor.userId) return this.leave(actor, conversationId);
    await this.change(actor, conversationId, async (tx, access) => {
      if (access.rank < rankOf('moderator')) this.policy.deny();
      const target = await this.requireParticipant(tx, conversationId, userId);
      if (!mayModerate(access.rank, target.role)) this.policy.deny();
      await this.dismiss(tx, actor, target, 'removed');
    });
  }

  /**
   * The actor goes. The last owner's ownership passes to the highest and longest-standing of those who stay.
   * @throws ConversationNotFound, PermissionDenied for who is not in it, DirectConversationFixed
   */
  async leave(actor: Actor, conversationId: string): Promise<void> {
    await this.change(actor, conversationId, async (tx, access) => {
      if (!access.role) this.policy.deny('You are not in this conversation.');
      await this.dismiss(tx, actor, await this.requireParticipant(tx, conversationId, actor.userId), 'left');
    });
  }

  /** Locks, judges who acts, refuses direct conversations, and lets `work` write. */
  private async change<T>(
    actor: Actor,
    conversationId: string,
    work: (tx: StreamTransaction, access: Access) => Promise<T>,
  ): Promise<T> {
    const changed = await this.log.write(conversationId, async (tx) => {
      const access = await this.policy.accessUnderLock(tx, actor, conversationId);
      if (access.type === 'direct' && !access.role) this.policy.deny('You are not in this conversation.');
      this.policy.requireNotDirect(access);
      return { answer: await work(tx, access) };
    });
    if (!changed) throw new ConversationNotFound();
    return changed.answer;
  }

  /** A conversation that had become empty gets its owner back with the first who comes. */
  private async withOwner(
    tx: StreamTransaction,
    access: Access,
    userIds: string[],
    role: ParticipantRole,
  ): Promise<Admission[]> {
    const isEmpty = !access.isSystemOwned && (await this.repository.count(tx, access.conversationId)) === 0;
    return userIds.map((userId, index) => ({ userId, role: isEmpty && index === 0 ? 'owner' : role }));
  }

  private async requireParticipant(
    tx: StreamTransaction,
    conversationId: string,
    userId: string,
  ): Promise<ParticipantRow> {
    const [row] = await this.repository.find(tx, conversationId, [userId]);
    if (!row?.is_member) throw new ParticipantNotFound();
    return row;
  }

  private async dismiss(
    tx: StreamTransaction,
    actor: Actor,
    target: ParticipantRow,
    reason: LeftPayload['reason'],
  ): Promise<void> {
    const conversationId = tx.head.streamId;
    const payload: LeftPayload = { reason };
    const seq = tx.append({
      type: PARTICIPANT_LEFT,
      actorId: actor.userId,
      subjectId: target.user_id,
      payload,
      presented: presentParticipantEvent({ type: PARTICIPANT_LEFT, payload }, target),
    });
    await this.repository.dismiss(tx, conversationId, target.user_id, { at: tx.head.at, seq });
    if (target.role === 'owner') await this.passOn(tx, actor, target.user_id);
    await tx.appendToOthers([target.user_id], () => ({
      type: CONVERSATION_REMOVED,
      actorId: actor.userId,
      subjectId: conversationId,
      payload: { reason },
    }));
  }

  /** Makes the heir of `formerId` the owner; false when nobody else is there. */
  private async passOn(tx: StreamTransaction, actor: Actor, formerId: string): Promise<boolean> {
    const heirId = await this.repository.findHeir(tx, tx.head.streamId, formerId);
    if (heirId === undefined) return false;
    const heir = await this.requireParticipant(tx, tx.head.streamId, heirId);
    await this.alter(tx, actor, heir, { role: 'owner' });
    return true;
  }

  /** The present owner becomes an admin. */
  private async stepDown(tx: StreamTransaction, actor: Actor): Promise<void> {
    const ownerId = await this.repository.findOwner(tx, tx.head.streamId);
    if (ownerId === undefined) return;
    await this.alter(tx, actor, await this.requireParticipant(tx, tx.head.streamId, ownerId), { role: 'admin' });
  }

  private async alter(
    tx: StreamTransaction,
    actor: Actor,
    target: ParticipantRow,
    change: { role?: ParticipantRole; isMuted?: boolean },
  ): Promise<ParticipantRow> {
    await this.repository.change(tx, tx.head.streamId, target.user_id, change);
    const after = { ...target, role: change.role ?? target.role, is_muted: change.isMuted ?? target.is_muted };
    const payload: ParticipantPayload = {
      role: after.role,
      is_muted: after.is_muted,
      joined_at: after.joined_at.toISOString(),
    };
    tx.append({
      type: PARTICIPANT_UPDATED,
      actorId: actor.userId,
      subjectId: target.user_id,
      payload,
      presented: presentParticipantEvent({ type: PARTICIPANT_UPDATED, payload }, after),
    });
    return after;
  }
}
