import { readMentions } from '../mentions-field.js';
import type { ScheduledMessageDto } from './scheduled-messages.dto.js';
import type { ScheduledMessageRow } from './scheduled-messages.repository.js';

/** A scheduled message as its author sees it. */
export function presentScheduled(row: ScheduledMessageRow): ScheduledMessageDto {
  const { send } = row;
  return {
    id: row.id,
    conversation_id: row.conversation_id,
    client_message_id: row.client_message_id,
    message_type: send.message_type ?? 'text',
    content: send.content ?? '',
    reply_to_id: send.reply_to_id ?? null,
    mentions: readMentions(send.mentions).users,
    attachment_ids: send.attachment_ids ?? [],
    metadata: send.metadata ?? {},
    ...(send.visible_to && { visible_to: send.visible_to }),
    ...(send.poll && { poll: send.poll }),
    ...(send.location && { location: send.location }),
    ...(send.contact && { contact: send.contact }),
    silent: send.silent ?? false,
    skip_push: send.silent || (send.skip_push ?? false),
    send_at: row.send_at.toISOString(),
    status: row.due_at === null ? 'failed' : 'scheduled',
    error: row.error,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
