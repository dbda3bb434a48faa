import type { PresentedEvent, StreamEvent } from '../../platform/event-log/stream-event.js';
import type { ParticipantDto } from './participants.dto.js';
import { PARTICIPANT_JOINED, PARTICIPANT_LEFT } from './participants.events.js';
import type { ParticipantRole } from './participant-roles.js';
import type { NamedParticipant, ParticipantRow } from './participants.repository.js';

export function presentParticipant(row: ParticipantRow): ParticipantDto {
  return {
    user_id: row.user_id,
    username: row.username,
    display_name: row.display_name,
    avatar_url: row.avatar_url,
    is_banned: row.is_banned,
    role: row.role,
    is_muted: row.is_muted,
    joined_at: row.joined_at.toISOString(),
    last_read_seq: row.last_read_seq,
    last_delivered_seq: row.last_delivered_seq,
  };
}

/** What the log keeps of `participant.joined` and `participant.updated`: names are joined when the event is shown. */
export interface ParticipantPayload extends Record<string, unknown> {
  readonly role: ParticipantRole;
  readonly is_muted: boolean;
  readonly joined_at: string;
  /** Of a newcomer: the last position owed to him before, 0 for none. */
  readonly prev?: number;
}

/** What the log keeps of `participant.left`. */
export interface LeftPayload extends Record<string, unknown> {
  readonly reason: 'left' | 'removed';
}

/** Shows one event about a participant; undefined when the user is gone altogether. */
export function presentParticipantEvent(
  event: Pick<StreamEvent, 'type' | 'payload'>,
  name: NamedParticipant | undefined,
): PresentedEvent | undefined {
  if (!name) return undefined;
  if (event.type === PARTICIPANT_LEFT) {
    const { reason } = event.payload as LeftPayload;
    return { data: { user_id: name.user_id, reason } };
  }
  const { role, is_muted, joined_at, prev = 0 } = event.payload as ParticipantPayload;
  const { user_id, username, display_name, avatar_url, is_banned } = name;
  const participant = { user_id, username, display_name, avatar_url, is_banned, role, is_muted, joined_at };
  const data = { user_id, participant };
  return event.type === PARTICIPANT_JOINED ? { data, only: { userId: user_id, prev } } : { data };
}
