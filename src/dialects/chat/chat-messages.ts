import { Injectable } from '@nestjs/common';
import { MessageFeed } from '../../modules/messages/message-feed.js';
import { MessageOffsetPages } from '../../modules/messages/message-offset-pages.js';
import { MessagesService } from '../../modules/messages/messages.service.js';
import type { AnsweredSend } from '../../modules/messages/replayed-send.interceptor.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import type { OffsetPage, OffsetRange } from '../../platform/pagination/offset-page.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/pagination/page.js';
import type { MessageDto } from '../../modules/messages/messages.dto.js';
import { ChatConversations } from './chat-conversations.js';
import type {
  ChatMessageDto,
  ChatMessageFrameDto,
  ChatMessagePageDto,
  ListChatMessagesQuery,
  SendChatMessageDto,
} from './chat.dto.js';
import { presentMessage, toSend } from './chat.presenter.js';
import type { ConversationCache } from './conversation-cache.js';

/** Over all conversations a page is found by reading those before it. */
const SKIPPED_EVERYWHERE_MAX = 1000;

/**
 * Messages in the words of the dialect. It has no call that says "read", so looking at the newest page is reading it.
 * `base`: where clients reach this server.
 */
@Injectable()
export class ChatMessages {
  constructor(
    private readonly conversations: ChatConversations,
    private readonly messages: MessagesService,
    private readonly offsetPages: MessageOffsetPages,
    private readonly feed: MessageFeed,
    private readonly readState: ReadState,
  ) {}

  /** @throws as `ChatPlaces.toWrite` and `MessagesService.send` */
  async send(actor: Actor, dto: SendChatMessageDto, base: string): Promise<AnsweredSend<ChatMessageDto>> {
    const conversationId = await this.conversations.toWrite(actor, dto);
    const { message, isReplay } = await this.messages.send(actor, conversationId, toSend(dto));
    return { message: this.show(message, base), isReplay };
  }

  /** The same for a frame; the message itself is the answer. */
  async sendFrame(actor: Actor, dto: ChatMessageFrameDto, cache: ConversationCache): Promise<void> {
    try {
      const conversationId = await cache.of(dto, () => this.conversations.toWrite(actor, dto));
      await this.messages.send(actor, conversationId, toSend({ ...dto, content: dto.message }));
    } catch (error) {
      cache.forget(dto);
      throw error;
    }
  }

  /** @throws as `MessagesService.edit` */
  async edit(actor: Actor, id: string, content: string, base: string): Promise<ChatMessageDto> {
    await this.conversations.readNames();
    return this.show(await this.messages.edit(actor, id, { content }), base);
  }

  /** Without a target those of all conversations. @throws as `ChatPlaces.toRead` */
  async list(actor: Actor, query: ListChatMessagesQuery, base: string): Promise<ChatMessagePageDto> {
    const { limit = DEFAULT_PAGE_SIZE, skip = 0 } = query;
    const range = { offset: skip, limit };
    const isNamed = query.chat_id || query.recipient_id;
    const { data, total } = isNamed ? await this.inPlace(actor, query, range) : await this.everywhere(actor, range);
    return { messages: data.map((message) => this.show(message, base)), total, skip, limit };
  }

  private async inPlace(
    actor: Actor,
    query: ListChatMessagesQuery,
    range: OffsetRange,
  ): Promise<OffsetPage<MessageDto>> {
    const conversationId = await this.conversations.toRead(actor, query);
    if (conversationId === undefined) return { data: [], total: 0 };
    const page = await this.offsetPages.page(actor, conversationId, range);
    if (range.offset === 0 && page.total > 0) {
      await this.readState.read(actor, conversationId, { sequence_number: page.total });
    }
    return page;
  }

  private async everywhere(actor: Actor, { offset, limit }: OffsetRange): Promise<OffsetPage<MessageDto>> {
    if (offset > SKIPPED_EVERYWHERE_MAX) {
      throw ValidationError.of('skip', `must not be over ${SKIPPED_EVERYWHERE_MAX} without chat_id or recipient_id`);
    }
    await this.conversations.readNames();
    const { data, total } = await this.feed.page(actor, { limit: offset + limit });
    return { data: data.slice(offset), total };
  }

  private show(message: MessageDto, base: string): ChatMessageDto {
    return presentMessage(message, { chatId: this.conversations.nameOf(message.conversation_id), base });
  }
}
