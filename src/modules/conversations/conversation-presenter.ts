import type { Actor } from '../../platform/identity/actor.js';
import { presentPreferences } from '../participants/participants.dto.js';
import { accessOf, type AccessRow, capabilitiesOf } from '../participants/access.policy.js';
import { settingsOf } from '../participants/conversation-settings.policy.js';
import type { ConversationDto, ConversationSummaryDto, LastMessageDto } from './conversations.dto.js';
import type { PublicRoomDto } from './conversation-pages.dto.js';
import type { ConversationRow, PublicRoomRow, SummaryRow } from './conversation-rows.js';

export function presentSummary(row: SummaryRow): ConversationSummaryDto {
  return {
    id: row.id,
    type: row.type,
    type_name: row.type_name ?? row.type,
    slug: row.slug,
    category: row.category,
    title: row.title,
    description: row.description,
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    participant_count: row.participant_count,
    external_id: row.external_id,
    picture: row.picture,
    metadata: row.metadata,
    settings: settingsOf(row.type, row.settings, row.type_settings),
  };
}

export function presentPublicRoom(row: PublicRoomRow): PublicRoomDto {
  return { ...presentSummary(row), is_participant: row.is_participant };
}

/**
 * The conversation for the viewer of the row, with the rights of the reader: they differ only if the host's backend
 * reads what a user sees. Without being a participant the viewer has no preferences, unread count or content.
 */
export function presentConversation(row: ConversationRow, reader: Actor): ConversationDto {
  const lastReadNumber = row.last_read_number ?? row.last_number;
  const { metadata: membershipMetadata, ...preferences } = presentPreferences({
    is_archived: row.is_archived ?? false,
    is_pinned: row.is_pinned ?? false,
    is_hidden: row.is_hidden,
    hidden_at_number: row.hidden_at_number,
    is_silenced: row.is_silenced ?? false,
    silenced_until: row.silenced_until,
    metadata: row.membership_metadata,
  });
  const summary = presentSummary(row);
  return {
    ...summary,
    ...preferences,
    membership_metadata: membershipMetadata,
    role: row.role,
    own_capabilities: capabilitiesOf(accessOf(row.id, toAccessRow(row), reader)),
    last_message_at: row.last_number_at?.toISOString() ?? null,
    participants: (row.participants ?? []).map((participant) => ({
      ...(summary.settings.receipts ? participant : { ...participant, last_read_number: 0, last_delivered_number: 0 }),
      joined_at: isoTime(participant.joined_at),
      muted_until: participant.muted_until === null ? null : isoTime(participant.muted_until),
    })),
    last_message: row.last_message && presentLastMessage(row.last_message),
    unread_count: row.unread_count,
    mention_count: row.mention_count,
    last_read_number: lastReadNumber,
    at_seq: row.last_seq,
  };
}

function toAccessRow(row: ConversationRow): AccessRow {
  const { type, created_by, settings, type_settings, role, is_muted, is_blocked, last_read_number } = row;
  const marks = {
    joined_seq: null,
    last_read_number,
    last_delivered_number: null,
    hidden_up_to_number: null,
    has_hidden_messages: null,
  };
  const ofConversation = { type, created_by, settings, type_settings };
  return { ...ofConversation, is_member: role !== null, role, is_muted, is_blocked, ...marks };
}

function presentLastMessage(message: NonNullable<ConversationRow['last_message']>): LastMessageDto {
  return { ...message, sender_name: message.sender_name ?? '', created_at: isoTime(message.created_at) };
}

/** PostgreSQL's JSON writes times with microseconds and an offset. */
function isoTime(text: string): string {
  return new Date(text).toISOString();
}
