import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { isGuest } from '../../platform/http/guest.js';
import { UserNotFound } from '../users/users.errors.js';
import { presentParticipantEvent, type ParticipantPayload } from './participant-presenter.js';
import { PARTICIPANTS_MAX } from './participants.dto.js';
import { TooManyParticipants } from './participants.errors.js';
import { CONVERSATION_ADDED, PARTICIPANT_JOINED } from './participants.events.js';
import type { ParticipantRole } from './participant-roles.js';
import { type CandidateRow, ParticipantsRepository } from './participants.repository.js';

/** Somebody to be let in, and as what. */
export interface NewParticipant {
  readonly userId: string;
  readonly role: ParticipantRole;
}

/**
 * The one way into a conversation: when it is created, by invitation, or by joining. Each newcomer gets an event of its
 * own in the conversation, and one on its own stream that says from which position on it receives the conversation.
 */
@Injectable()
export class AddParticipants {
  constructor(private readonly repository: ParticipantsRepository) {}

  /**
   * Lets them in; who takes part already stays as they are. Under the lock of the conversation only.
   * Answers how many came in.
   * @throws UserNotFound for unknown, deleted and banned users and for guests, PermissionDenied across a block and for
   *   those who are banned from the conversation, TooManyParticipants
   */
  async addAll(tx: StreamTransaction, actor: Actor, admissions: NewParticipant[]): Promise<number> {
    const conversationId = tx.head.streamId;
    const known = await this.decide(tx, actor, admissions);
    const coming = admissions.filter(({ userId }) => !known.get(userId)!.is_member);
    if (coming.length === 0) return 0;
    const count = await this.repository.count(tx, conversationId);
    if (count + coming.length > PARTICIPANTS_MAX) throw new TooManyParticipants(PARTICIPANTS_MAX);

    const sinceSeq = new Map<string, number>();
    for (const { userId, role } of coming) sinceSeq.set(userId, this.announce(tx, actor, known.get(userId)!, role));
    await this.repository.admit(
      tx,
      conversationId,
      coming.map(({ userId, role }) => ({ user_id: userId, role, joined_seq: sinceSeq.get(userId)! })),
      tx.head,
    );
    await tx.appendToOthers([...sinceSeq.keys()], (userId) => ({
      type: CONVERSATION_ADDED,
      actorId: actor.userId,
      subjectId: conversationId,
      payload: { since_seq: sinceSeq.get(userId)! },
    }));
    // Again, under the locks of their streams: an account that was deleted, banned or blocked meanwhile comes in nowhere.
    await this.decide(tx, actor, coming);
    return coming.length;
  }

  private announce(tx: StreamTransaction, actor: Actor, candidate: CandidateRow, role: ParticipantRole): number {
    const payload: ParticipantPayload = {
      role,
      is_muted: candidate.is_muted,
      joined_at: tx.head.at.toISOString(),
      prev: candidate.left_seq ?? 0,
    };
    return tx.append({
      type: PARTICIPANT_JOINED,
      actorId: actor.userId,
      subjectId: candidate.user_id,
      payload,
      presented: presentParticipantEvent({ type: PARTICIPANT_JOINED, payload }, candidate),
    });
  }

  private async decide(
    tx: StreamTransaction,
    actor: Actor,
    admissions: NewParticipant[],
  ): Promise<Map<string, CandidateRow>> {
    const ids = admissions.map(({ userId }) => userId);
    const rows = await this.repository.newcomers(tx, tx.head.streamId, ids, actor.userId);
    const known = new Map(rows.map((row) => [row.user_id, row]));
    for (const id of ids) {
      const row = known.get(id);
      // Guests take part in nothing: what opened a conversation to their account would open it to everybody.
      if (!row || row.is_banned || isGuest({ userId: id })) throw new UserNotFound();
      if (row.is_shut_out) throw new PermissionDenied('This user is banned from this conversation.');
      if (row.is_blocked) throw new PermissionDenied('You cannot start a conversation with this user.');
    }
    return known;
  }
}
