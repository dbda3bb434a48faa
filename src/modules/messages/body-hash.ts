import { createHash } from 'node:crypto';
import type { SendMessageDto } from './messages.dto.js';

/** Hashes the body as received, so that a replay is recognized whatever sanitizing and moderation change. */
export function hashBody(dto: SendMessageDto): string {
  const body = [
    dto.content ?? '',
    dto.message_type ?? 'text',
    dto.reply_to_id ?? null,
    dto.mentions ?? [],
    dto.metadata ?? null,
    ...(dto.attachment_ids && dto.attachment_ids.length > 0 ? [dto.attachment_ids] : []),
    ...(dto.poll ? [dto.poll] : []),
    ...(dto.location ? [dto.location] : []),
    ...(dto.contact ? [dto.contact] : []),
    ...(dto.no_preview ? [{ no_preview: true }] : []),
    ...(dto.silent || dto.skip_push ? [{ silent: dto.silent, skip_push: dto.skip_push }] : []),
    ...(dto.show_in_conversation === undefined ? [] : [dto.show_in_conversation]),
    ...(dto.visible_to ? [{ visible_to: dto.visible_to }] : []),
    ...(dto.is_streaming ? ['is_streaming'] : []),
  ];
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}
