import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';
import type { InvitationDto } from './invitations.dto.js';
import {
  INVITATION_CREATED,
  INVITATION_ENDED,
  InvitationData,
  InvitationEndedData,
  type InvitationOutcome,
} from './invitations.events.js';
import { type InvitationRow, InvitationsRepository } from './invitations.repository.js';

/** The stored payload of `invitation.ended`. */
export interface EndedPayload extends Record<string, unknown> {
  readonly conversation_id: string;
  readonly outcome: InvitationOutcome;
}

export function presentInvitation(row: InvitationRow): InvitationDto {
  const { id, user_id, invited_by, invited_by_name, conversation_id, ...rest } = row;
  const { type, title, description, picture, participant_count } = rest;
  return {
    id,
    user_id,
    invited_by,
    invited_by_name,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    conversation: { id: conversation_id, type, title, description, picture, participant_count },
  };
}

/** Renders the events of invitations. One that has ended since has no content: it shows nothing of its conversation. */
@Injectable()
export class InvitationEventRenderer {
  constructor(private readonly repository: InvitationsRepository) {}

  @DurableEvent(INVITATION_CREATED, {
    summary: 'In the user’s own stream: the user was invited to a conversation.',
    data: InvitationData,
  })
  async renderCreated(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const rows = await this.repository.find(events.map(({ subjectId }) => subjectId!));
    const open = new Map(rows.map((row) => [row.id, row]));
    return events.map(({ subjectId }) => {
      const row = open.get(subjectId!);
      return row && { data: { invitation: presentInvitation(row) } };
    });
  }

  @DurableEvent(INVITATION_ENDED, {
    summary: 'In the user’s own stream: an invitation was accepted, declined or withdrawn.',
    data: InvitationEndedData,
  })
  renderEnded(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => {
      const { conversation_id, outcome } = payload as EndedPayload;
      return { data: { invitation_id: subjectId!, conversation_id, outcome } satisfies InvitationEndedData };
    });
  }
}
