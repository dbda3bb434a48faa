import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import { type SystemMessage, SystemMessages } from '../participants/system-messages.port.js';
import { sanitizeContent } from './sanitize-content.js';
import { type MessageRow, renderMessageEvent } from './message-presenter.js';
import { MESSAGE_CREATED } from './messages.events.js';
import { MessagesRepository } from './messages.repository.js';

/** Writes system messages. Clients, replays and webhooks receive them like every other message. */
@Injectable()
export class AppendSystemMessage extends SystemMessages {
  constructor(
    private readonly repository: MessagesRepository,
    private readonly config: Config,
  ) {
    super();
  }

  async append(tx: StreamTransaction, { actor, content, metadata, isShadowed = false }: SystemMessage): Promise<void> {
    const stored = {
      id: newId(),
      conversation_id: tx.head.streamId,
      seq: tx.nextSeq,
      sender_id: actor.userId,
      content: sanitizeContent(content, this.config.contentPolicy).content,
      metadata,
      created_at: tx.head.at,
    };
    const sequence_number = await this.repository.appendSystem(tx, stored);
    if (isShadowed) await this.repository.shadowSystem(tx, stored.id);
    const row: MessageRow = {
      ...stored,
      sequence_number,
      sender_name: actor.displayName,
      client_message_id: null,
      message_type: 'system',
      reply_to_id: null,
      reply_to_content: null,
      reply_to_sender_id: null,
      reply_to_sender_name: null,
      mentions: [],
      mention_scope: null,
      thread_root_id: null,
      is_thread_only: false,
      is_silent: false,
      skips_push: false,
      audience: isShadowed ? [] : null,
      reply_count: null,
      last_reply_at: null,
      reply_user_ids: null,
      attachments: null,
      reactions: null,
      read_by_all_number: null,
      delivered_to_all_number: null,
      edited_at: null,
      deleted_at: null,
      pinned_at: null,
    };
    tx.append({
      type: MESSAGE_CREATED,
      actorId: actor.userId,
      subjectId: stored.id,
      content: renderMessageEvent(row, MESSAGE_CREATED, { actorId: actor.userId }),
    });
  }
}
