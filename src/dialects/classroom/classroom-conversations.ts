import { Injectable } from '@nestjs/common';
import type { ConversationDto } from '../../modules/conversations/conversations.dto.js';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { MessageQueriesService } from '../../modules/messages/message-queries.service.js';
import { ConversationPreferences } from '../../modules/participants/conversation-preferences.js';
import type { ReadStateDto } from '../../modules/participants/participants.dto.js';
import { ReadState } from '../../modules/participants/read-state.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { ClassroomUpdateConversationDto } from './classroom.dto.js';

/** Calls of this dialect that combine several operations of the services. */
@Injectable()
export class ClassroomConversations {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly preferences: ConversationPreferences,
    private readonly messages: MessageQueriesService,
    private readonly readState: ReadState,
  ) {}

  /**
   * Changes the title, which all participants share, and the archiving, which is a preference of the actor. Changes
   * only what differs, so that sending back an unchanged title does not require the right to change it.
   * @throws ConversationNotFound, PermissionDenied, DirectConversationFixed
   */
  async update(
    actor: Actor,
    id: string,
    { title, is_archived }: ClassroomUpdateConversationDto,
  ): Promise<ConversationDto> {
    const before = await this.conversations.get(actor, id);
    if (title !== undefined && title !== before.title) await this.conversations.update(actor, id, { title });
    if (is_archived !== undefined && is_archived !== before.is_archived) {
      await this.preferences.set(actor, id, { is_archived });
    }
    return this.conversations.get(actor, id);
  }

  /** Marks everything up to the message, in its conversation, as read. @throws MessageNotFound, PermissionDenied */
  async markRead(actor: Actor, messageId: string): Promise<ReadStateDto> {
    const { conversation_id: conversationId } = await this.messages.get(actor, messageId);
    return this.readState.markRead(actor, conversationId, { message_id: messageId });
  }
}
