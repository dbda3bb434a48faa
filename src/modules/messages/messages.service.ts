import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import type { Page } from '../../platform/pagination/page.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import { ChangeMessage } from './change-message.js';
import type { HeldSend } from './content-moderator.policy.js';
import type {
  EditMessageDto,
  ListMessagesQuery,
  MessageDto,
  PageQuery,
  SearchMessagesQuery,
  SendMessageDto,
} from './messages.dto.js';
import type { MessageEditDto, MessageHitDto, MessagePageDto, MessageReceiptDto } from './message-pages.dto.js';
import { ReadMessages } from './read-messages.js';
import { SendMessage, type SentMessage } from './send-message.js';
import { SendMetrics } from './send-metrics.js';

/** The use cases of messages. Each is implemented in a file of its own; this class is their table of contents. */
@Injectable()
export class MessagesService {
  constructor(
    private readonly sendMessage: SendMessage,
    private readonly changeMessage: ChangeMessage,
    private readonly readMessages: ReadMessages,
    private readonly limits: Limits,
    private readonly metrics: SendMetrics,
  ) {}

  /** Resolves once the message is on disk. A repeat with the same key returns the same message and costs no quota. */
  async send(actor: Actor, conversationId: string, dto: SendMessageDto): Promise<SentMessage> {
    const sent = await this.metrics.track(actor, conversationId, () =>
      this.sendMessage.send(actor, conversationId, dto),
    );
    if (sent.isReplay) await this.limits.refund('message.send', actor);
    return sent;
  }

  /** Sends a message that was held for review, once for each key. */
  release(held: HeldSend, key: string): Promise<SentMessage> {
    return this.sendMessage.release(held, key);
  }

  edit(actor: Actor, id: string, dto: EditMessageDto): Promise<MessageDto> {
    return this.changeMessage.edit(actor, id, dto);
  }

  delete(actor: Actor, id: string): Promise<MessageDto> {
    return this.changeMessage.delete(actor, id);
  }

  react(actor: Actor, id: string, emoji: string): Promise<MessageDto> {
    return this.changeMessage.react(actor, id, emoji);
  }

  unreact(actor: Actor, id: string, emoji: string): Promise<MessageDto> {
    return this.changeMessage.unreact(actor, id, emoji);
  }

  pin(actor: Actor, id: string): Promise<MessageDto> {
    return this.changeMessage.pin(actor, id);
  }

  unpin(actor: Actor, id: string): Promise<MessageDto> {
    return this.changeMessage.unpin(actor, id);
  }

  get(actor: Actor, id: string): Promise<MessageDto> {
    return this.readMessages.get(actor, id);
  }

  list(actor: Actor, conversationId: string, query: ListMessagesQuery): Promise<MessagePageDto> {
    return this.readMessages.list(actor, conversationId, query);
  }

  history(actor: Actor, id: string, query: PageQuery): Promise<Page<MessageEditDto>> {
    return this.readMessages.history(actor, id, query);
  }

  replies(actor: Actor, id: string, query: PageQuery): Promise<Page<MessageDto>> {
    return this.readMessages.replies(actor, id, query);
  }

  pins(actor: Actor, conversationId: string): Promise<{ data: MessageDto[] }> {
    return this.readMessages.pins(actor, conversationId);
  }

  receipts(actor: Actor, id: string, query: PageQuery): Promise<Page<MessageReceiptDto>> {
    return this.readMessages.receipts(actor, id, query);
  }

  search(actor: Actor, query: SearchMessagesQuery): Promise<Page<MessageHitDto>> {
    return this.readMessages.search(actor, query);
  }
}
