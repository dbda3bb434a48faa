import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { DirectConversations } from '../../modules/conversations/direct-conversations.js';
import { type FeedPage, MessageFeed } from '../../modules/messages/message-feed.js';
import { MessagesService } from '../../modules/messages/messages.service.js';
import type { SentMessage } from '../../modules/messages/send-message.js';
import { NewestPageReceipts } from '../../modules/participants/implicit-receipts.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { DirectListQuery, DirectSendDto, DirectSentDto } from './direct.dto.js';
import { presentSent, toFeedQuery, toSendMessage } from './direct.presenter.js';

/** Messages in the format of the dialect, which names a receiver in place of a conversation. */
@Injectable()
export class DirectMessages {
  constructor(
    private readonly messages: MessagesService,
    private readonly feed: MessageFeed,
    private readonly receipts: NewestPageReceipts,
    private readonly conversations: ConversationsService,
    private readonly directs: DirectConversations,
  ) {}

  /**
   * Sends to a direct conversation, which the first message creates, or to a group.
   * @throws what `MessagesService.send` throws, ValidationError, UserNotFound, PermissionDenied, RateLimitExceeded
   */
  async send(actor: Actor, dto: DirectSendDto): Promise<SentMessage<DirectSentDto>> {
    const id = await this.resolveForSend(actor, dto);
    const { message, isReplay } = await this.messages.send(actor, id, toSendMessage(dto));
    return { message: presentSent(message, dto.receiver_id), isReplay };
  }

  /**
   * Reading the newest page of a conversation marks it as delivered: the dialect uses `sent` and `delivered`, and has
   * no call to mark messages as read.
   * @throws as `MessageFeed.page`
   */
  async list(actor: Actor, query: DirectListQuery): Promise<FeedPage> {
    const { conversation_id: id, limit: _limit, ...filters } = query;
    const readPage = (): Promise<FeedPage> => this.feed.page(actor, toFeedQuery(query));
    if (id === undefined) return readPage();
    const isNewest = Object.values(filters).every((value) => value === undefined);
    return this.receipts.listAndMark(actor, id, {
      list: readPage,
      newestIn: ({ data: [newest] }) => (isNewest ? newest?.sequence_number : undefined),
      as: 'delivered',
    });
  }

  /** Creates the direct conversation with a receiver if there is none. `receiver_id` may also be the id of a group. */
  private async resolveForSend(
    actor: Actor,
    { receiver_id: receiverId, conversation_id: conversationId, group_id: groupId }: DirectSendDto,
  ): Promise<string> {
    const [named, ...others] = [receiverId, conversationId, groupId].filter((id) => id !== undefined);
    if (named === undefined || others.length > 0) {
      throw ValidationError.of('receiver_id', 'exactly one of receiver_id, conversation_id and group_id is required');
    }
    if (receiverId === undefined) return named;
    if (receiverId === actor.userId) throw ValidationError.of('receiver_id', 'is yourself');
    if ((await this.conversations.findSummaries([receiverId])).has(receiverId)) return receiverId;
    return this.directs.findOrCreate(actor, receiverId);
  }
}
