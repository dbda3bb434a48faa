import { Injectable } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { mergeMetadata } from '../../platform/validation/merged-metadata.js';
import { ConversationPreferencesRepository } from './conversation-preferences.repository.js';
import {
  type ConversationPreferencesDto,
  type PreferencesRow,
  type SetPreferencesDto,
  presentPreferences,
} from './participants.dto.js';
import { ConversationNotFound } from './participants.errors.js';
import { CONVERSATION_UPDATED, UnreadChanged } from './participants.events.js';
import { ParticipantsPolicy } from './participants.policy.js';

/**
 * A participant's own preferences for a conversation: archived, pinned, silenced, and their own data. They are written
 * under the conversation's lock, although its stream gets no event: all writers lock the conversation first, then
 * users.
 */
@Injectable()
export class ConversationPreferences {
  constructor(
    private readonly repository: ConversationPreferencesRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /**
   * Sets the actor's preferences; only the actor's own devices are notified.
   * @throws ValidationError, ConversationNotFound, PermissionDenied
   */
  async set(actor: Actor, conversationId: string, dto: SetPreferencesDto): Promise<ConversationPreferencesDto> {
    const until = typeof dto.muted_until === 'string' ? new Date(dto.muted_until) : dto.muted_until;
    const preferences = await this.log.write(conversationId, async (tx) => {
      await this.policy.requireMemberUnderLock(tx, actor, conversationId);
      const metadata =
        dto.metadata &&
        mergeMetadata('metadata', await this.repository.findMetadata(tx, conversationId, actor.userId), dto.metadata);
      const row = await this.repository.setPreferences(tx, placeOf(tx, actor), {
        isArchived: dto.is_archived,
        isPinned: dto.is_pinned,
        isSilenced: dto.is_muted ?? (until ? true : undefined),
        silencedUntil: until,
        metadata,
      });
      return this.announce(tx, actor, row);
    });
    if (!preferences) throw new ConversationNotFound();
    // A muted conversation is not part of the total.
    if (dto.is_muted !== undefined || dto.muted_until !== undefined)
      this.events.publish(new UnreadChanged([{ userId: actor.userId, conversationId }]));
    return preferences;
  }

  /**
   * Takes the conversation out of the actor's list until its next message, or back into it.
   * @throws ConversationNotFound, PermissionDenied
   */
  async setHidden(actor: Actor, conversationId: string, isHidden: boolean): Promise<ConversationPreferencesDto> {
    const preferences = await this.log.write(conversationId, async (tx) => {
      await this.policy.requireMemberUnderLock(tx, actor, conversationId);
      const row = await this.repository.setPreferences(tx, placeOf(tx, actor), { isHidden });
      return this.announce(tx, actor, row);
    });
    if (!preferences) throw new ConversationNotFound();
    return preferences;
  }

  private async announce(
    tx: StreamTransaction,
    { userId }: Actor,
    row: PreferencesRow,
  ): Promise<ConversationPreferencesDto> {
    const me = presentPreferences(row);
    const subjectId = tx.head.streamId;
    await tx.appendToOthers([userId], () => ({
      type: CONVERSATION_UPDATED,
      actorId: userId,
      subjectId,
      payload: { me },
    }));
    return me;
  }
}

function placeOf({ head }: StreamTransaction, { userId }: Actor) {
  return { conversationId: head.streamId, userId, lastNumber: head.lastNumber };
}
