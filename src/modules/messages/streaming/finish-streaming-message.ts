import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import { type LockedMessage, MessageChanges } from '../message-changes.js';
import type { MessageRow } from '../message-presenter.js';
import type { EditMessageDto, MessageDto } from '../messages.dto.js';
import { MESSAGE_UPDATED } from '../messages.events.js';
import { SendMessage } from '../send-message.js';
import { EndStreamingMessages } from './end-streaming-messages.js';
import { GrowingTexts } from './growing-texts.js';
import { ShownTexts } from './shown-texts.js';
import { StreamingAuthors } from './streaming-authors.js';
import type { StreamingEnd } from './streaming.constants.js';
import type { FinishMessageDto } from './streaming-messages.dto.js';
import { MessageNotStreaming, StreamingOffset } from './streaming-messages.errors.js';
import type { StreamingRow } from './stored-text.js';
import { StreamingMessagesRepository } from './streaming-messages.repository.js';

/**
 * Ends streaming messages for their authors, with one durable event: `message.updated`. It is no edit: no version is
 * stored. Once an end is answered, nothing of the text can be lost. A repeat has no effect.
 * Both throw MessageNotFound, PermissionDenied, ConversationFrozen, MessageNotStreaming, MessageNotEditable,
 * AuthenticationRequired, AccountBanned.
 */
@Injectable()
export class FinishStreamingMessage {
  constructor(
    private readonly authors: StreamingAuthors,
    private readonly texts: GrowingTexts,
    private readonly repository: StreamingMessagesRepository,
    private readonly changes: MessageChanges,
    private readonly sendMessage: SendMessage,
    private readonly shown: ShownTexts,
    private readonly ends: EndStreamingMessages,
  ) {}

  /**
   * Completes the text: what was appended, if it has this length, or another text. It is checked as that of a send.
   * @throws StreamingOffset, ValidationError, ContentTooLong, ContentRejected, CheckUnavailable, FeatureDisabled
   */
  async finish(actor: Actor, id: string, dto: FinishMessageDto): Promise<MessageDto> {
    const { message } = await this.authors.require(actor, id);
    await this.texts.settle(id);
    const appended = (await this.repository.find(id))?.content;
    const complete = appended === undefined ? undefined : await this.prepare(actor, message, appended, dto);
    const finished = await this.end(actor, id, 'finished', async ({ tx, membership }, row) => {
      if (complete === undefined || row.content !== appended) throw new StreamingOffset(row.content.length);
      return this.shown.complete(tx, membership, complete);
    });
    this.sendMessage.announceEdited(finished);
    return finished;
  }

  /** Ends the text with what participants see of it. */
  async cancel(actor: Actor, id: string): Promise<MessageDto> {
    await this.authors.require(actor, id);
    await this.texts.settle(id);
    return this.end(actor, id, 'cancelled', (_locked, row) =>
      Promise.resolve({ content: this.ends.visibleTextOf(row) }),
    );
  }

  /** The complete text after the check of the host, which is never asked under a lock. */
  private prepare(
    actor: Actor,
    message: MessageRow,
    appended: string,
    { content, length, metadata }: FinishMessageDto,
  ): Promise<EditMessageDto> {
    if (length !== undefined && length !== appended.length) throw new StreamingOffset(appended.length);
    const complete = this.sendMessage.requireContent(content ?? appended);
    const marked = complete.sanitized ? { ...(metadata ?? message.metadata), sanitized: true } : metadata;
    return this.sendMessage.prepareEdit(actor, message.id, { content: complete.content, metadata: marked });
  }

  /** Ends the text with what `write` returns, under the lock. */
  private async end(
    actor: Actor,
    id: string,
    end: StreamingEnd,
    write: (
      locked: LockedMessage,
      row: StreamingRow,
    ) => Promise<{ content: string; metadata?: Record<string, unknown> }>,
  ): Promise<MessageDto> {
    const ended = await this.changes.change(actor, id, async (locked) => {
      const { tx, message, membership } = locked;
      this.authors.requireAuthor(actor, message, membership);
      const row = await this.repository.lock(tx, id);
      if (!row && message.streaming === end) return undefined;
      if (!row) throw new MessageNotStreaming();
      const { content, metadata } = await write(locked, row);
      await this.repository.end(tx, { id, content, metadata, end });
      return MESSAGE_UPDATED;
    });
    this.texts.drop(id);
    return ended;
  }
}
