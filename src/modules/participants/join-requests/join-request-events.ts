import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';
import { rankOf } from '../participant-roles.js';
import type { JoinRequestEndedPayload } from './join-request-changes.js';
import type { JoinRequestDto } from './join-requests.dto.js';
import {
  JOIN_REQUEST_CLOSED,
  JOIN_REQUEST_CREATED,
  JOIN_REQUEST_ENDED,
  JOIN_REQUEST_RECEIVED,
  JoinRequestData,
  JoinRequestEndedData,
} from './join-requests.events.js';
import { type JoinRequestRow, JoinRequestsRepository } from './join-requests.repository.js';

export function presentJoinRequest(row: JoinRequestRow): JoinRequestDto {
  const { id, user_id, username, display_name, avatar_url, message, conversation_id } = row;
  const { type, title, description, picture, participant_count } = row;
  return {
    id,
    user_id,
    username,
    display_name,
    avatar_url,
    message: message || null,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    conversation: { id: conversation_id, type, title, description, picture, participant_count },
  };
}

/** Renders the events of join requests. One that has ended since has no content. */
@Injectable()
export class JoinRequestEventRenderer {
  constructor(private readonly repository: JoinRequestsRepository) {}

  @DurableEvent(JOIN_REQUEST_CREATED, {
    summary: 'In the user’s own stream: the user has asked to join a conversation.',
    data: JoinRequestData,
  })
  async renderCreated(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const open = await this.findOpen(events);
    return events.map(({ subjectId }) => contentOf(open.get(subjectId!)));
  }

  /** Shown to those who are moderators now: one who was removed since does not see who asks. */
  @DurableEvent(JOIN_REQUEST_RECEIVED, {
    summary: 'In the own stream of a moderator: a user has asked to join a conversation.',
    data: JoinRequestData,
  })
  async renderReceived(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const open = await this.findOpen(events);
    const conversationIds = [...open.values()].map(({ conversation_id }) => conversation_id);
    const roles = await this.repository.rolesOf(
      conversationIds,
      events.map(({ streamId }) => streamId),
    );
    const deciding = new Set(
      roles
        .filter(({ role }) => rankOf(role) >= rankOf('moderator'))
        .map(({ user_id, conversation_id }) => `${user_id} ${conversation_id}`),
    );
    return events.map(({ streamId, subjectId }) => {
      const row = open.get(subjectId!);
      return row && deciding.has(`${streamId} ${row.conversation_id}`) ? contentOf(row) : undefined;
    });
  }

  @DurableEvent(JOIN_REQUEST_ENDED, {
    summary: 'In the user’s own stream: their join request was approved or declined, was withdrawn, or has expired.',
    data: JoinRequestEndedData,
  })
  @DurableEvent(JOIN_REQUEST_CLOSED, {
    summary:
      'In the own stream of a moderator: a join request was approved or declined, was withdrawn, or has expired.',
    data: JoinRequestEndedData,
  })
  renderEnded(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => {
      const { conversation_id, outcome } = payload as JoinRequestEndedPayload;
      return { data: { join_request_id: subjectId!, conversation_id, outcome } satisfies JoinRequestEndedData };
    });
  }

  private async findOpen(events: StreamEvent[]): Promise<Map<string, JoinRequestRow>> {
    const rows = await this.repository.find(events.map(({ subjectId }) => subjectId!));
    return new Map(rows.map((row) => [row.id, row]));
  }
}

function contentOf(row: JoinRequestRow | undefined): EventContent | undefined {
  return row && { data: { join_request: presentJoinRequest(row) } };
}
