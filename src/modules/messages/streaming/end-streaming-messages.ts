import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import type { Queryable } from '../../../platform/database/sql.js';
import { OnDomainEvent } from '../../../platform/event-log/domain-events.js';
import { EventLog } from '../../../platform/event-log/event-log.js';
import type { StreamEvent } from '../../../platform/event-log/stream-event.js';
import { PARTICIPANT_LEFT, PARTICIPANT_UPDATED } from '../../participants/participants.events.js';
import { UserBanned } from '../../users/users.events.js';
import { renderMessageEvent } from '../message-presenter.js';
import { MESSAGE_DELETED, MESSAGE_UPDATED } from '../messages.events.js';
import { MessagesRepository } from '../messages.repository.js';
import { sanitizeContent } from '../sanitize-content.js';
import { GrowingTexts } from './growing-texts.js';
import type { StreamingEnd } from './streaming.constants.js';
import type { StreamingRow } from './stored-text.js';
import { type Author, StreamingMessagesRepository } from './streaming-messages.repository.js';

/**
 * Ends streaming messages without their author: with the text that participants see, and one durable event. They end
 * when the author leaves, is removed, muted or banned, and when no append comes for too long. A deleted message has
 * ended without an event of its own.
 */
@Injectable()
export class EndStreamingMessages implements OnModuleInit {
  constructor(
    private readonly repository: StreamingMessagesRepository,
    private readonly messages: MessagesRepository,
    private readonly texts: GrowingTexts,
    private readonly log: EventLog,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.log.onCommit((events) => {
      for (const { type, subjectId } of events) if (type === MESSAGE_DELETED) this.texts.drop(subjectId!);
      const authors = events.flatMap((event) => silencedBy(event) ?? []);
      if (authors.length > 0) void this.endOf(authors).catch(() => undefined); // the next append ends it, or the task
    });
  }

  @OnDomainEvent(UserBanned)
  async onUserBanned({ userId }: UserBanned): Promise<void> {
    await this.end(await this.repository.ofUser(userId), 'revoked');
  }

  /** Ends these messages, as far as they are open; `abandoned` only those that still are. */
  async end(
    messages: readonly { message_id: string; conversation_id: string }[],
    end: Exclude<StreamingEnd, 'finished'>,
  ): Promise<void> {
    for (const { message_id: id, conversation_id } of messages) {
      await this.texts.settle(id);
      await this.log.write(conversation_id, async (tx) => {
        const row = await this.repository.lock(tx, id);
        if (!row || (end === 'abandoned' && !(await this.isAbandoned(tx, id)))) return;
        await this.repository.end(tx, { id, content: this.visibleTextOf(row), end });
        const [after] = await this.messages.find([id], tx);
        const content = renderMessageEvent(after!, MESSAGE_UPDATED, { actorId: null });
        tx.append({ type: MESSAGE_UPDATED, actorId: null, subjectId: id, content });
      });
      this.texts.drop(id);
    }
  }

  /** What participants see of the text, as a message may have it. */
  visibleTextOf({ content, shown_length }: StreamingRow): string {
    return sanitizeContent(content.slice(0, shown_length), this.config.contentPolicy).content;
  }

  private isAbandoned(tx: Queryable, id: string): Promise<boolean> {
    return this.repository.isAbandoned(tx, id, this.config.streamingTimeoutSeconds);
  }

  private async endOf(authors: readonly Author[]): Promise<void> {
    await this.end(await this.repository.ofAuthors(authors), 'revoked');
  }
}

/** The participant who may no longer write, by this event. */
function silencedBy({ type, streamId, subjectId, payload }: StreamEvent): Author | undefined {
  const isMuted = type === PARTICIPANT_UPDATED && payload?.is_muted === true;
  return type === PARTICIPANT_LEFT || isMuted ? { conversationId: streamId, userId: subjectId! } : undefined;
}
