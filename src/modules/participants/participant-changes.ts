import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import {
  type LeftPayload,
  presentMute,
  type ParticipantPayload,
  renderParticipantEvent,
} from './participant-presenter.js';
import { ChangeAnnouncements } from './change-announcements.service.js';
import { settingsOf } from './conversation-settings.policy.js';
import { OwnershipRepository } from './ownership.repository.js';
import { ParticipantNotFound } from './participants.errors.js';
import { CONVERSATION_REMOVED, PARTICIPANT_LEFT, PARTICIPANT_UPDATED } from './participants.events.js';
import { type ParticipantChange, type ParticipantRow, ParticipantsRepository } from './participants.repository.js';

/**
 * Changes and removals of participants: each with its event, under the lock of the conversation. The caller has
 * authorized the actor. `actorId` is null for changes by the server itself.
 */
@Injectable()
export class ParticipantChanges {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly ownership: OwnershipRepository,
    private readonly announcements: ChangeAnnouncements,
  ) {}

  /** @throws ParticipantNotFound */
  async requireParticipant(tx: StreamTransaction, conversationId: string, userId: string): Promise<ParticipantRow> {
    const [row] = await this.repository.find(tx, conversationId, [userId]);
    if (!row?.is_member) throw new ParticipantNotFound();
    return row;
  }

  /** Removes a participant; the ownership of an owner is transferred. */
  async removeParticipant(
    tx: StreamTransaction,
    actorId: string | null,
    target: ParticipantRow,
    reason: LeftPayload['reason'],
  ): Promise<void> {
    const conversationId = tx.head.streamId;
    const hasEvents = await this.hasMemberEvents(tx);
    const payload: LeftPayload = { reason, ...(!hasEvents && { is_hidden: true }) };
    const seq = tx.append({
      type: PARTICIPANT_LEFT,
      actorId,
      subjectId: target.user_id,
      payload,
      content: renderParticipantEvent({ type: PARTICIPANT_LEFT, payload }, target),
    });
    await this.repository.markLeft(tx, conversationId, target.user_id, { at: tx.head.at, seq });
    await this.announcements.announce(tx, { action: `participant.${reason}`, ids: [target.user_id], actorId });
    if (target.role === 'owner') await this.transferOwnership(tx, actorId, target.user_id);
    await tx.appendToOthers([target.user_id], () => ({
      type: CONVERSATION_REMOVED,
      actorId,
      subjectId: conversationId,
      payload: { reason },
    }));
  }

  /** Makes the successor of `formerId` the owner; returns false if there is no other participant. */
  async transferOwnership(tx: StreamTransaction, actorId: string | null, formerId: string): Promise<boolean> {
    const successorId = await this.ownership.findSuccessor(tx, tx.head.streamId, formerId);
    if (successorId === undefined) return false;
    const successor = await this.requireParticipant(tx, tx.head.streamId, successorId);
    await this.updateParticipant(tx, actorId, successor, { role: 'owner' });
    return true;
  }

  /** The current owner becomes an admin. */
  async demoteOwner(tx: StreamTransaction, actorId: string | null): Promise<void> {
    const ownerId = await this.ownership.findOwner(tx, tx.head.streamId);
    if (ownerId === undefined) return;
    await this.updateParticipant(tx, actorId, await this.requireParticipant(tx, tx.head.streamId, ownerId), {
      role: 'admin',
    });
  }

  /** Changes the role, or mutes, or both. */
  async updateParticipant(
    tx: StreamTransaction,
    actorId: string | null,
    target: ParticipantRow,
    change: ParticipantChange,
  ): Promise<ParticipantRow> {
    await this.repository.update(tx, tx.head.streamId, target.user_id, change);
    const { role = target.role, mute } = change;
    const muted = mute && { is_muted: mute.isMuted, muted_until: mute.until, mute_reason: mute.reason };
    const after = { ...target, role, ...muted };
    const payload: ParticipantPayload = {
      role: after.role,
      ...presentMute(after),
      joined_at: after.joined_at.toISOString(),
    };
    tx.append({
      type: PARTICIPANT_UPDATED,
      actorId,
      subjectId: target.user_id,
      payload,
      content: renderParticipantEvent({ type: PARTICIPANT_UPDATED, payload }, after),
    });
    if (role !== target.role)
      await this.announcements.announce(tx, { action: 'participant.role_changed', ids: [target.user_id], actorId });
    return after;
  }

  private async hasMemberEvents(tx: StreamTransaction): Promise<boolean> {
    const { type, settings, type_settings } = await this.repository.findSettings(tx, tx.head.streamId);
    return settingsOf(type, settings, type_settings).member_events;
  }
}
