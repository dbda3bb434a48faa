import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';
import { USER_WARNED, UserWarnedData } from './moderation.events.js';
import { ReportsRepository } from './reports.repository.js';

/** Presents warnings to their recipients. */
@Injectable()
export class Warnings {
  constructor(private readonly repository: ReportsRepository) {}

  @DurableEvent(USER_WARNED, {
    summary: 'In the user’s own stream: a moderator has warned the user.',
    data: UserWarnedData,
  })
  async present(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const rows = await this.repository.warnings(events.map(({ subjectId }) => subjectId!));
    return events.map(({ subjectId }) => {
      const row = rows.get(subjectId!);
      if (!row) return undefined;
      const { id, category, message, created_at } = row;
      return { data: { warning: { id, category, message, created_at: created_at.toISOString() } } };
    });
  }
}
