import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { Gateway } from '../../platform/realtime/commands/gateway.decorators.js';
import { CONVERSATION_ADDED, CONVERSATION_REMOVED, CONVERSATION_UPDATED } from '../participants/participants.events.js';
import {
  CONVERSATION_DELETED,
  ConversationAddedData,
  ConversationDeletedData,
  ConversationRemovedData,
  ConversationUpdatedData,
  PreferencesChangedData,
} from './conversations.events.js';
import { ConversationsService } from './conversations.service.js';
import { RoomSlugCache } from './room-slug-cache.js';

/** Socket edge of conversations: renders their events. It has no commands. */
@Gateway()
export class ConversationsGateway {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly slugs: RoomSlugCache,
  ) {}

  @DurableEvent(CONVERSATION_ADDED, {
    summary: 'In the user’s own stream: the user has become a participant of a conversation.',
    data: ConversationAddedData,
    grantsStream: true,
  })
  async renderAdded(events: StreamEvent[]): Promise<EventContent[]> {
    const summaries = await this.conversations.findSummaries(events.map(({ subjectId }) => subjectId!));
    for (const summary of summaries.values()) this.slugs.remember(summary);
    return events.map(({ subjectId, payload }) => ({
      data: {
        conversation_id: subjectId,
        since_seq: payload?.since_seq,
        conversation: summaries.get(subjectId!) ?? null,
      },
    }));
  }

  /** On a conversation's stream: the current conversation. On a user's own stream: the preferences of that user. */
  @DurableEvent(CONVERSATION_UPDATED, {
    summary: 'A conversation changed; in the user’s own stream: the user’s own preferences for it.',
    data: [ConversationUpdatedData, PreferencesChangedData],
  })
  async renderUpdated(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const shared = events.filter(({ payload }) => !payload?.me).map(({ subjectId }) => subjectId!);
    const summaries = await this.conversations.findSummaries(shared);
    return events.map(({ subjectId, payload }) => {
      if (payload?.me) return { data: { conversation_id: subjectId, me: payload.me } };
      const conversation = summaries.get(subjectId!);
      return conversation && { data: { conversation } };
    });
  }

  @DurableEvent(CONVERSATION_REMOVED, {
    summary: 'In the user’s own stream: the user is no longer a participant of a conversation.',
    data: ConversationRemovedData,
  })
  @DurableEvent(CONVERSATION_DELETED, {
    summary: 'The last event of a conversation.',
    data: ConversationDeletedData,
    endsStream: true,
  })
  renderEnd(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({
      data: { conversation_id: subjectId, ...(payload?.reason ? { reason: payload.reason } : {}) },
    }));
  }
}
