import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../platform/event-log/stream-event.js';
import type { ParticipantDto } from './participants.dto.js';
import {
  PARTICIPANT_JOINED,
  PARTICIPANT_LEFT,
  PARTICIPANT_UPDATED,
  ParticipantData,
  ParticipantLeftData,
} from './participants.events.js';
import type { ParticipantRole } from './participant-roles.js';
import { type ParticipantProfile, type ParticipantRow, ParticipantsRepository } from './participants.repository.js';

/** Whether a participant is muted, and until when; a mute whose end has passed is none. */
export function presentMute({
  is_muted,
  muted_until,
}: Pick<ParticipantRow, 'is_muted' | 'muted_until'>): Pick<ParticipantDto, 'is_muted' | 'muted_until'> {
  return { is_muted, muted_until: is_muted ? (muted_until?.toISOString() ?? null) : null };
}

/** For others, where receipts are switched off. */
export function withoutMarks<Marks extends { last_read_number: number; last_delivered_number: number }>(
  participant: Marks,
): Marks {
  return { ...participant, last_read_number: 0, last_delivered_number: 0 };
}

export function presentParticipant(row: ParticipantRow): ParticipantDto {
  return {
    user_id: row.user_id,
    username: row.username,
    display_name: row.display_name,
    avatar_url: row.avatar_url,
    is_banned: row.is_banned,
    role: row.role,
    ...presentMute(row),
    mute_reason: row.is_muted ? row.mute_reason : null,
    joined_at: row.joined_at.toISOString(),
    last_read_number: row.last_read_number,
    last_delivered_number: row.last_delivered_number,
  };
}

/** The stored payload of `participant.joined` and `participant.updated`. Names are added when the event is rendered. */
export interface ParticipantPayload extends Record<string, unknown> {
  readonly role: ParticipantRole;
  readonly is_muted: boolean;
  /** Absent in events of earlier versions. */
  readonly muted_until?: string | null;
  readonly joined_at: string;
  /** For a joining user: the last position that they were entitled to before; 0 for none. */
  readonly prev?: number;
  /** For a joining user: they see no message up to this one; omitted if they see all. */
  readonly hidden_up_to_number?: number;
}

/** The stored payload of `participant.left`. */
export interface LeftPayload extends Record<string, unknown> {
  readonly reason: 'left' | 'removed';
  /** The event ends the membership in the log, and no participant receives it: `member_events` is off. */
  readonly is_hidden?: true;
}

/** Renders one event about a participant; undefined if it is hidden or the user no longer exists. */
export function renderParticipantEvent(
  event: Pick<StreamEvent, 'type' | 'payload'>,
  user: ParticipantProfile | undefined,
): EventContent | undefined {
  if (!user) return undefined;
  if (event.type === PARTICIPANT_LEFT) {
    const { reason, is_hidden } = event.payload as LeftPayload;
    return is_hidden ? undefined : { data: { user_id: user.user_id, reason } };
  }
  const { role, is_muted, muted_until = null, joined_at, prev = 0 } = event.payload as ParticipantPayload;
  const { user_id, username, display_name, avatar_url, is_banned } = user;
  const participant = {
    user_id,
    username,
    display_name,
    avatar_url,
    is_banned,
    role,
    is_muted,
    muted_until,
    joined_at,
  };
  const data = { user_id, participant };
  return event.type === PARTICIPANT_JOINED ? { data, override: { userId: user_id, prev } } : { data };
}

/** Renders events about participants that are read from the log, with the current names. */
@Injectable()
export class ParticipantEventRenderer {
  constructor(private readonly repository: ParticipantsRepository) {}

  @DurableEvent(PARTICIPANT_JOINED, {
    summary: 'A user joined a conversation or was added to it.',
    data: ParticipantData,
    membership: 'join',
  })
  @DurableEvent(PARTICIPANT_LEFT, {
    summary: 'A participant left or was removed.',
    data: ParticipantLeftData,
    membership: 'leave',
  })
  @DurableEvent(PARTICIPANT_UPDATED, {
    summary: 'The role or the mute of a participant changed.',
    data: ParticipantData,
  })
  async render(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const profiles = await this.repository.findProfiles(events.map(({ subjectId }) => subjectId!));
    return events.map((event) => renderParticipantEvent(event, profiles.get(event.subjectId!)));
  }
}
