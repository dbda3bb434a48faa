import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { CreateConversation } from '../../modules/conversations/create-conversation.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import type { CreateMessagingConversationDto, MessagingConversationDto } from './messaging.dto.js';
import { presentConversation } from './messaging.presenter.js';

/** The dialect's list has no pages. */
const LISTED_AT_ONCE = 500;

/** Conversations in the words of the dialect. */
@Injectable()
export class MessagingConversations {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly creation: CreateConversation,
  ) {}

  async list(actor: Actor): Promise<MessagingConversationDto[]> {
    const { data } = await this.conversations.list(actor, { limit: LISTED_AT_ONCE });
    return data.map(presentConversation);
  }

  /**
   * With one other it is the direct conversation of the two, with several a group. `told` hears whether it is new.
   * @throws ValidationError, UserNotFound, PermissionDenied, TooManyParticipants
   */
  async create(
    actor: Actor,
    { participant_ids }: CreateMessagingConversationDto,
    told: (isNew: boolean) => unknown,
  ): Promise<MessagingConversationDto> {
    const others = participant_ids.filter((id) => id !== actor.userId);
    if (others.length === 0) throw ValidationError.of('participant_ids', 'must name somebody else');
    const type = others.length === 1 ? 'direct' : 'group';
    const { id, isNew } = await this.creation.create(actor, { type, participant_ids: others });
    told(isNew);
    return presentConversation(await this.conversations.present(actor, id));
  }
}
