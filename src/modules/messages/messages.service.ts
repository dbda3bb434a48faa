import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import type { Page } from '../../platform/pagination/page.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import { ChangeMessage } from './change-message.js';
import type { HeldSend } from './content-moderator.policy.js';
import type {
  EditMessageDto,
  ListMessagesQuery,
  MessageDto,
  MessageEditDto,
  MessageHitDto,
  MessagePageDto,
  MessageReceiptDto,
  PageQuery,
  SearchMessagesQuery,
  SendMessageDto,
} from './messages.dto.js';
import { ReadMessages } from './read-messages.js';
import { SendMessage, type SentMessage } from './send-message.js';
import { SendMetrics } from './send-metrics.js';

/** What one can do with messages; each use case has a file of its own, this is their table of contents. */
@Injectable()
export class MessagesService {
  constructor(
    private readonly sending: SendMessage,
    private readonly changing: ChangeMessage,
    private readonly reading: ReadMessages,
    private readonly limits: Limits,
    private readonly metrics: SendMetrics,
  ) {}

  /** Answers once the message is on disk; the same key again answers the same message and costs no quota. */
  async send(actor: Actor, conversationId: string, dto: SendMessageDto): Promise<SentMessage> {
    const sent = await this.metrics.follow(actor, conversationId, () => this.sending.send(actor, conversationId, dto));
    if (sent.isReplay) await this.limits.refund('message.send', actor);
    return sent;
  }

  /** Sends what was held for review, once for one key. */
  release(held: HeldSend, key: string): Promise<SentMessage> {
    return this.sending.release(held, key);
  }

  edit(actor: Actor, id: string, dto: EditMessageDto): Promise<MessageDto> {
    return this.changing.edit(actor, id, dto);
  }

  delete(actor: Actor, id: string): Promise<MessageDto> {
    return this.changing.delete(actor, id);
  }

  react(actor: Actor, id: string, emoji: string): Promise<MessageDto> {
    return this.changing.react(actor, id, emoji);
  }

  unreact(actor: Actor, id: string, emoji: string): Promise<MessageDto> {
    return this.changing.unreact(actor, id, emoji);
  }

  pin(actor: Actor, id: string): Promise<MessageDto> {
    return this.changing.pin(actor, id);
  }

  unpin(actor: Actor, id: string): Promise<MessageDto> {
    return this.changing.unpin(actor, id);
  }

  get(actor: Actor, id: string): Promise<MessageDto> {
    return this.reading.get(actor, id);
  }

  list(actor: Actor, conversationId: string, query: ListMessagesQuery): Promise<MessagePageDto> {
    return this.reading.list(actor, conversationId, query);
  }

  history(actor: Actor, id: string, query: PageQuery): Promise<Page<MessageEditDto>> {
    return this.reading.history(actor, id, query);
  }

  replies(actor: Actor, id: string, query: PageQuery): Promise<Page<MessageDto>> {
    return this.reading.replies(actor, id, query);
  }

  pins(actor: Actor, conversationId: string): Promise<{ data: MessageDto[] }> {
    return this.reading.pins(actor, conversationId);
  }

  receipts(actor: Actor, id: string, query: PageQuery): Promise<Page<MessageReceiptDto>> {
    return this.reading.receipts(actor, id, query);
  }

  search(actor: Actor, query: SearchMessagesQuery): Promise<Page<MessageHitDto>> {
    return this.reading.search(actor, query);
  }
}
