import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { CreateConversation } from '../../modules/conversations/create-conversation.js';
import { MessagesService } from '../../modules/messages/messages.service.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import type { DirectSendDto, DirectSentDto } from './direct.dto.js';
import { presentSent, toSend } from './direct.presenter.js';

/** Sending to somebody, whatever that is: this dialect names a receiver where ours names a conversation. */
@Injectable()
export class DirectMessages {
  constructor(
    private readonly messages: MessagesService,
    private readonly conversations: ConversationsService,
    private readonly creation: CreateConversation,
    private readonly limits: Limits,
  ) {}

  /**
   * To the conversation of the two, which begins with the first message; or to a group.
   * @throws what `MessagesService.send` throws, ValidationError, UserNotFound, PermissionDenied, RateLimitExceeded
   */
  async send(actor: Actor, dto: DirectSendDto): Promise<DirectSentDto> {
    const id = await this.conversationOf(actor, dto);
    return presentSent((await this.messages.send(actor, id, toSend(dto))).message, dto.receiver_id);
  }

  private async conversationOf(
    actor: Actor,
    { receiver_id: receiverId, conversation_id: conversationId, group_id: groupId }: DirectSendDto,
  ): Promise<string> {
    const [named, ...others] = [receiverId, conversationId, groupId].filter((id) => id !== undefined);
    if (named === undefined || others.length > 0) {
      throw ValidationError.of('receiver_id', 'exactly one of receiver_id, conversation_id and group_id is required');
    }
    if (receiverId === undefined) return named;
    const known = await this.creation.findDirect(actor, receiverId);
    if (known !== undefined) return known;
    if ((await this.conversations.summaries([receiverId])).has(receiverId)) return receiverId;
    await this.limits.check('conversation.create', actor);
    return (await this.creation.create(actor, { type: 'direct', participant_ids: [receiverId] })).id;
  }
}
