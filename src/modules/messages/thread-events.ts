import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { EventContent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { THREAD_UPDATED, ThreadUpdatedData } from './threads.events.js';
import { ThreadsRepository } from './threads.repository.js';

/**
 * The events of threads: written when replies are deleted (a send writes its own), and rendered with current counts.
 */
@Injectable()
export class ThreadEvents {
  constructor(private readonly repository: ThreadsRepository) {}

  /** After messages were deleted under the lock of `tx`: counts their threads again, with an event for each thread. */
  async appendAfterDeletion(
    tx: StreamTransaction,
    deletedIds: readonly string[],
    actorId: string | null,
  ): Promise<void> {
    if (deletedIds.length === 0) return;
    for (const subjectId of await this.repository.recount(tx, deletedIds))
      tx.append({ type: THREAD_UPDATED, actorId, subjectId });
  }

  @DurableEvent(THREAD_UPDATED, { summary: 'A reply was added to a thread or deleted.', data: ThreadUpdatedData })
  async render(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const rows = await this.repository.summaries([...new Set(events.map(({ subjectId }) => subjectId!))]);
    return events.map(({ subjectId }) => {
      const row = rows.get(subjectId!);
      if (!row) return undefined;
      const { root_id: message_id, reply_count, reply_user_ids, sequence_number: number } = row;
      const last_reply_at = row.last_reply_at?.toISOString() ?? null;
      return { data: { message_id, reply_count, last_reply_at, reply_user_ids }, shows: { number } };
    });
  }
}
