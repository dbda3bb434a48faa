import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';
import {
  CONVERSATION_CLEARED,
  CONVERSATION_TRUNCATED,
  ConversationClearedData,
  MESSAGE_HIDDEN,
  MessageHiddenData,
} from './history.events.js';

/** Renders what users have removed from their own histories. */
@Injectable()
export class HistoryEventRenderer {
  @DurableEvent(MESSAGE_HIDDEN, {
    summary: 'In the user’s own stream: the user has deleted a message for themselves.',
    data: MessageHiddenData,
  })
  renderHidden(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({ data: { message_id: subjectId, ...payload } }));
  }

  @DurableEvent(CONVERSATION_CLEARED, {
    summary: 'In the user’s own stream: the user has cleared the history of a conversation for themselves.',
    data: ConversationClearedData,
    hidesMessages: true,
  })
  @DurableEvent(CONVERSATION_TRUNCATED, {
    summary: 'Moderators have deleted all messages of a conversation up to a number.',
    data: ConversationClearedData,
    hidesMessages: true,
  })
  renderCleared(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({
      data: { conversation_id: subjectId, up_to_number: payload?.hidden_up_to_number },
    }));
  }
}
