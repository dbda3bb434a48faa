import { Injectable } from '@nestjs/common';
import { MessageFeed } from '../../modules/messages/message-feed.js';
import { MessageQueriesService } from '../../modules/messages/message-queries.service.js';
import { MessagesService } from '../../modules/messages/messages.service.js';
import type { SentMessage } from '../../modules/messages/send-message.js';
import { NewestPageReceipts } from '../../modules/participants/implicit-receipts.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { type OffsetPage, type OffsetRange, DEFAULT_PAGE_SIZE } from '../../platform/pagination/page.js';
import type { MessageDto } from '../../modules/messages/messages.dto.js';
import { ChatConversations, type ConversationCache } from './chat-conversations.js';
import type {
  ChatMessageDto,
  ChatMessageFrameDto,
  ChatMessagePageDto,
  ListChatMessagesQuery,
  SendChatMessageDto,
} from './chat.dto.js';
import { presentMessage, toSendMessage } from './chat.presenter.js';

/** Without a conversation, a page is found by reading all those before it. */
const GLOBAL_SKIP_MAX = 1000;

/**
 * Messages in the format of the dialect. It has no call to mark messages as read, so reading the newest page does it.
 */
@Injectable()
export class ChatMessages {
  constructor(
    private readonly conversations: ChatConversations,
    private readonly messages: MessagesService,
    private readonly queries: MessageQueriesService,
    private readonly feed: MessageFeed,
    private readonly receipts: NewestPageReceipts,
  ) {}

  /** @throws as `ChatConversations.resolveForSend` and `MessagesService.send` */
  async send(actor: Actor, dto: SendChatMessageDto, publicUrl: string): Promise<SentMessage<ChatMessageDto>> {
    const conversationId = await this.conversations.resolveForSend(actor, dto);
    const { message, isReplay } = await this.messages.send(actor, conversationId, toSendMessage(dto));
    return { message: this.present(message, publicUrl), isReplay };
  }

  /** Sends the message of a frame. There is no reply: the sender receives the message itself. */
  async sendFrame(actor: Actor, dto: ChatMessageFrameDto, cache: ConversationCache): Promise<void> {
    try {
      const conversationId = await cache.resolve(dto, () => this.conversations.resolveForSend(actor, dto));
      await this.messages.send(actor, conversationId, toSendMessage({ ...dto, content: dto.message }));
    } catch (error) {
      cache.delete(dto);
      throw error;
    }
  }

  /** @throws as `MessagesService.edit` */
  async edit(actor: Actor, id: string, content: string, publicUrl: string): Promise<ChatMessageDto> {
    await this.conversations.loadRoomSlugs();
    return this.present(await this.messages.edit(actor, id, { content }), publicUrl);
  }

  /** Without a target, lists messages of all conversations. @throws as `ChatConversations.resolveForRead` */
  async list(actor: Actor, query: ListChatMessagesQuery, publicUrl: string): Promise<ChatMessagePageDto> {
    const { limit = DEFAULT_PAGE_SIZE, skip = 0 } = query;
    const range = { offset: skip, limit };
    const isNamed = query.chat_id || query.recipient_id;
    const { data, total } = isNamed
      ? await this.pageOfConversation(actor, query, range)
      : await this.pageOfAll(actor, range);
    return { messages: data.map((message) => this.present(message, publicUrl)), total, skip, limit };
  }

  private async pageOfConversation(
    actor: Actor,
    query: ListChatMessagesQuery,
    range: OffsetRange,
  ): Promise<OffsetPage<MessageDto>> {
    const conversationId = await this.conversations.resolveForRead(actor, query);
    if (conversationId === undefined) return { data: [], total: 0 };
    return this.receipts.listAndMark(actor, conversationId, {
      list: () => this.queries.pageByOffset(actor, conversationId, range),
      newestIn: ({ total }) => (range.offset === 0 && total > 0 ? total : undefined),
      as: 'read',
    });
  }

  private async pageOfAll(actor: Actor, { offset, limit }: OffsetRange): Promise<OffsetPage<MessageDto>> {
    if (offset > GLOBAL_SKIP_MAX) {
      throw ValidationError.of('skip', `must not be over ${GLOBAL_SKIP_MAX} without chat_id or recipient_id`);
    }
    await this.conversations.loadRoomSlugs();
    const { data, total } = await this.feed.page(actor, { limit: offset + limit });
    return { data: data.slice(offset), total };
  }

  private present(message: MessageDto, publicUrl: string): ChatMessageDto {
    return presentMessage(message, { chatId: this.conversations.slugOrIdOf(message.conversation_id), publicUrl });
  }
}
