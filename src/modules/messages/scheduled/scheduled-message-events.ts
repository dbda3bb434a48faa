import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';
import { presentScheduled } from './scheduled-message-presenter.js';
import {
  SCHEDULED_MESSAGE_REMOVED,
  SCHEDULED_MESSAGE_UPDATED,
  ScheduledMessageData,
  ScheduledMessageRemovedData,
} from './scheduled-messages.events.js';
import { ScheduledMessagesRepository } from './scheduled-messages.repository.js';

/** Renders the events of scheduled messages with their current content. */
@Injectable()
export class ScheduledMessageEvents {
  constructor(private readonly repository: ScheduledMessagesRepository) {}

  @DurableEvent(SCHEDULED_MESSAGE_UPDATED, {
    summary: 'A message was scheduled or changed, or could not be sent. Only its author receives it.',
    data: ScheduledMessageData,
  })
  async renderUpdated(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const rows = await this.repository.find([...new Set(events.map(({ subjectId }) => subjectId!))]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return events.map(({ subjectId }) => {
      const row = byId.get(subjectId!);
      return row && { data: { scheduled_message: presentScheduled(row) } };
    });
  }

  @DurableEvent(SCHEDULED_MESSAGE_REMOVED, {
    summary: 'A scheduled message was sent, held for review or deleted. Only its author receives it.',
    data: ScheduledMessageRemovedData,
  })
  renderRemoved(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({ data: { scheduled_message_id: subjectId, ...payload } }));
  }
}
