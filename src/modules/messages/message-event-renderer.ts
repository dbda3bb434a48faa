import { Injectable } from '@nestjs/common';
import type { PresentedEvent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { presentChange } from './change-message.js';
import { MessagesRepository } from './messages.repository.js';

/** Renders message events read from the log with the current message, so that deleted content is not sent again. */
@Injectable()
export class MessageEventRenderer {
  constructor(private readonly repository: MessagesRepository) {}

  async present(events: StreamEvent[]): Promise<(PresentedEvent | undefined)[]> {
    const rows = await this.repository.find([...new Set(events.map((event) => event.subjectId!))]);
    const byId = new Map(rows.flatMap((row) => (row ? [[row.id, row] as const] : [])));
    return events.map((event) => {
      const row = byId.get(event.subjectId!);
      const emoji = event.payload?.emoji as string | undefined;
      return row && presentChange(row, event.type, { actorId: event.actorId, emoji });
    });
  }
}
