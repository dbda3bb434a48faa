import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { CreateConversation } from '../../modules/conversations/create-conversation.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { CreateMessagingConversationDto, MessagingConversationDto } from './messaging.dto.js';
import { presentConversation } from './messaging.presenter.js';

/** The list of this dialect has no pages. */
const LIST_MAX = 500;

/** Conversations in the format of the dialect. */
@Injectable()
export class MessagingConversations {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly creation: CreateConversation,
  ) {}

  async list(actor: Actor): Promise<MessagingConversationDto[]> {
    const { data } = await this.conversations.list(actor, { limit: LIST_MAX });
    return data.map(presentConversation);
  }

  /**
   * Returns the direct conversation with one other user, which is created if there is none, or creates a group with
   * several. Calls `onResult` with whether the conversation is new.
   * @throws ValidationError, UserNotFound, PermissionDenied, TooManyParticipants
   */
  async create(
    actor: Actor,
    { participant_ids }: CreateMessagingConversationDto,
    onResult: (isNew: boolean) => unknown,
  ): Promise<MessagingConversationDto> {
    const others = participant_ids.filter((id) => id !== actor.userId);
    if (others.length === 0) throw ValidationError.of('participant_ids', 'must name another user');
    const type = others.length === 1 ? 'direct' : 'group';
    const { id, isNew } = await this.creation.create(actor, { type, participant_ids: others });
    onResult(isNew);
    return presentConversation(await this.conversations.getUnchecked(actor, id));
  }
}
