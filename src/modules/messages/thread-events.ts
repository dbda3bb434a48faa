import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { EventContent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { shownMessage } from './message-presenter.js';
import { THREAD_UPDATED, ThreadUpdatedData } from './threads.events.js';
import { threadSeenBy } from './thread-summary.js';
import { ThreadsRepository } from './threads.repository.js';

/**
 * The events of threads: written when replies are deleted (a send writes its own), and rendered with current counts.
 */
@Injectable()
export class ThreadEvents {
  constructor(private readonly repository: ThreadsRepository) {}

  /**
   * After messages were deleted under the lock of `tx`: counts their threads again, with an event for each thread, which
   * only these users receive.
   */
  async appendAfterDeletion(
    tx: StreamTransaction,
    deletedIds: readonly string[],
    actorId: string | null,
    onlyFor?: readonly string[],
  ): Promise<void> {
    if (deletedIds.length === 0) return;
    for (const subjectId of await this.repository.recount(tx, deletedIds))
      tx.append({ type: THREAD_UPDATED, actorId, subjectId, payload: onlyFor ? { only_for: onlyFor } : null });
  }

  @DurableEvent(THREAD_UPDATED, { summary: 'A reply was added to a thread or deleted.', data: ThreadUpdatedData })
  async render(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const rows = await this.repository.summaries([...new Set(events.map(({ subjectId }) => subjectId!))]);
    return events.map(({ subjectId, payload }) => {
      const row = rows.get(subjectId!);
      if (!row) return undefined;
      const dataFor = (userId?: string): object => ({ message_id: row.root_id, ...threadSeenBy(row, userId) });
      const overrides =
        row.shadowed_replies && Object.keys(row.shadowed_replies).map((id) => [id, dataFor(id)] as const);
      const shows = shownMessage(row, payload?.only_for as readonly string[] | undefined);
      return { data: dataFor(), shows, ...(overrides && { overrides: new Map(overrides) }) };
    });
  }
}
