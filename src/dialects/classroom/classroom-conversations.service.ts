import { Injectable } from '@nestjs/common';
import type { ConversationDto } from '../../modules/conversations/conversations.dto.js';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { ConversationPreferences } from '../../modules/participants/conversation-preferences.js';
import type { Actor } from '../../platform/http/actor.js';
import type { ClassroomUpdateConversationDto } from './classroom.dto.js';

/** This dialect changes in one call what are two things here: the title is everybody's, archiving is one's own. */
@Injectable()
export class ClassroomConversations {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly preferences: ConversationPreferences,
  ) {}

  /**
   * Only what differs is changed, so that whoever sends back the title he was shown needs no right to name it.
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
}
