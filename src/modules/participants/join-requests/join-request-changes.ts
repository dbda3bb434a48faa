import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { NewEvent } from '../../../platform/event-log/streams-transaction.js';
import { settingsOf } from '../conversation-settings.policy.js';
import { PARTICIPANT_ROLES, rankOf } from '../participant-roles.js';
import { ParticipantsRepository } from '../participants.repository.js';
import {
  JOIN_REQUEST_CLOSED,
  JOIN_REQUEST_CREATED,
  JOIN_REQUEST_ENDED,
  JOIN_REQUEST_RECEIVED,
  type JoinRequestOutcome,
} from './join-requests.events.js';
import { type NewJoinRequest, JoinRequestsRepository } from './join-requests.repository.js';

/** Moderators who are notified of one request; all who may decide find it in the list. */
const NOTIFIED_MAX = 100;

/** The stored payload of the events of a request that has ended. */
export interface JoinRequestEndedPayload extends Record<string, unknown> {
  readonly conversation_id: string;
  readonly outcome: JoinRequestOutcome;
}

/**
 * Writes join requests and their ends under the lock of the conversation, with events on the streams of the user who
 * asks and of the moderators who may decide. All these streams are locked at once: a change that locks further users
 * does so after it.
 */
@Injectable()
export class JoinRequestChanges {
  constructor(
    private readonly repository: JoinRequestsRepository,
    private readonly participants: ParticipantsRepository,
  ) {}

  /** Returns whether the request is new; false if the user has an open one, which stays as it is. */
  async open(tx: StreamTransaction, request: NewJoinRequest): Promise<boolean> {
    if (!(await this.repository.insert(tx, request))) return false;
    const event = { actorId: request.user_id, subjectId: request.id };
    await this.announce(tx, request.user_id, {
      asker: { ...event, type: JOIN_REQUEST_CREATED },
      moderator: { ...event, type: JOIN_REQUEST_RECEIVED },
    });
    return true;
  }

  /** Ends the request of a user; without one it has no effect. Those who ask do not learn who has decided. */
  async end(
    tx: StreamTransaction,
    { actorId, userId, outcome }: { actorId: string | null; userId: string; outcome: JoinRequestOutcome },
  ): Promise<void> {
    const conversationId = tx.head.streamId;
    const id = await this.repository.delete(tx, conversationId, userId);
    if (id === undefined) return;
    const payload: JoinRequestEndedPayload = { conversation_id: conversationId, outcome };
    const event = { subjectId: id, payload };
    await this.announce(tx, userId, {
      asker: { ...event, type: JOIN_REQUEST_ENDED, actorId: actorId === userId ? userId : null },
      moderator: { ...event, type: JOIN_REQUEST_CLOSED, actorId },
    });
  }

  private async announce(
    tx: StreamTransaction,
    userId: string,
    { asker, moderator }: { asker: NewEvent; moderator: NewEvent },
  ): Promise<void> {
    const { type, settings, type_settings } = await this.participants.findSettings(tx, tx.head.streamId);
    const { invite_role: inviteRole } = settingsOf(type, settings, type_settings);
    const lowest = Math.max(rankOf('moderator'), rankOf(inviteRole));
    const roles = PARTICIPANT_ROLES.filter((role) => rankOf(role) >= lowest);
    const moderators = await this.repository.findModerators(tx, tx.head.streamId, { roles, limit: NOTIFIED_MAX });
    await tx.appendToOthers([userId, ...moderators], (streamId) => (streamId === userId ? asker : moderator));
  }
}
