import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';
import {
  SAVED_MESSAGE_DUE,
  SAVED_MESSAGE_REMOVED,
  SAVED_MESSAGE_UPDATED,
  SavedMessageData,
  SavedMessageDueData,
  SavedMessageRemovedData,
} from './saved-messages.events.js';
import { presentMark, SavedMessagesRepository } from './saved-messages.repository.js';

/** Renders the events of saved messages, which only the user receives who has saved them. */
@Injectable()
export class SavedMessageEvents {
  constructor(private readonly repository: SavedMessagesRepository) {}

  @DurableEvent(SAVED_MESSAGE_UPDATED, {
    summary: 'The user has saved a message or changed its reminder.',
    data: SavedMessageData,
  })
  async renderUpdated(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const keys = events.map(({ streamId, subjectId }) => ({ userId: streamId, messageId: subjectId! }));
    const rows = await this.repository.find(keys);
    const byKey = new Map(rows.map((row) => [`${row.user_id} ${row.message_id}`, row]));
    return keys.map(({ userId, messageId }) => {
      const row = byKey.get(`${userId} ${messageId}`);
      return row && { data: { saved_message: presentMark(row) } };
    });
  }

  @DurableEvent(SAVED_MESSAGE_REMOVED, {
    summary: 'The user has removed a message from those that they have saved.',
    data: SavedMessageRemovedData,
  })
  @DurableEvent(SAVED_MESSAGE_DUE, { summary: 'The time of a reminder has come.', data: SavedMessageDueData })
  renderIds(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({ data: { message_id: subjectId, ...payload } }));
  }
}
