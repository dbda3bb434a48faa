import { Injectable } from '@nestjs/common';
import { MessageQueriesService } from '../../modules/messages/message-queries.service.js';
import { MessagesService } from '../../modules/messages/messages.service.js';
import type { SentMessage } from '../../modules/messages/send-message.js';
import { NewestPageReceipts } from '../../modules/participants/implicit-receipts.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import type { Actor } from '../../platform/identity/actor.js';
import type {
  ListMessagingMessagesQuery,
  MessagingMessageDto,
  MessagingMessagePageDto,
  SendMessagingMessageDto,
} from './messaging.dto.js';
import { MessagingFiles } from './messaging-files.js';
import { presentMessage, toSendMessage } from './messaging.presenter.js';

/**
 * Messages in the format of the dialect. It has no call to mark messages as read, so reading the newest page does it;
 * the response contains the read state from before.
 */
@Injectable()
export class MessagingMessages {
  constructor(
    private readonly messages: MessagesService,
    private readonly queries: MessageQueriesService,
    private readonly participants: ParticipantsPolicy,
    private readonly receipts: NewestPageReceipts,
    private readonly files: MessagingFiles,
  ) {}

  /** @throws ConversationNotFound, PermissionDenied, ValidationError */
  async list(
    actor: Actor,
    conversationId: string,
    query: ListMessagingMessagesQuery,
    publicUrl: string,
  ): Promise<MessagingMessagePageDto> {
    const { lastReadNumber } = await this.participants.requireMember(actor, conversationId);
    const { data, next_cursor, has_more } = await this.receipts.listAndMark(actor, conversationId, {
      list: () => this.queries.list(actor, conversationId, query),
      newestIn: ({ data: [newest] }) => {
        if (query.cursor !== undefined || !newest || newest.sequence_number <= lastReadNumber) return undefined;
        return newest.sequence_number;
      },
      as: 'read',
    });
    const urlOf = this.files.urlSignerFor(actor, publicUrl);
    const viewer = { userId: actor.userId, lastReadNumber, urlOf };
    return { results: data.map((message) => presentMessage(message, viewer)), next_cursor, has_more };
  }

  /** @throws as `MessagesService.send` */
  async send(
    actor: Actor,
    conversationId: string,
    dto: SendMessagingMessageDto,
    publicUrl: string,
  ): Promise<SentMessage<MessagingMessageDto>> {
    const { message, isReplay } = await this.messages.send(
      actor,
      conversationId,
      toSendMessage(dto.content ?? '', dto),
    );
    const viewer = { userId: actor.userId, lastReadNumber: 0, urlOf: this.files.urlSignerFor(actor, publicUrl) };
    return { message: presentMessage(message, viewer), isReplay };
  }
}
