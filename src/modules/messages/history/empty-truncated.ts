import { Injectable } from '@nestjs/common';
import { EventLog } from '../../../platform/event-log/event-log.js';
import { HistoryMarks } from '../../participants/history-marks.service.js';
import { MessageRetentionRepository } from '../message-retention.repository.js';
import { ThreadsRepository } from '../threads.repository.js';
import { TruncationsRepository } from './truncations.repository.js';

/** Messages deleted under one lock of the conversation: other writers wait no longer than for a large send. */
const BATCH_SIZE = 100;

/** Deletes the texts of truncated conversations, as if each message had been deleted, without an event for each. */
@Injectable()
export class EmptyTruncated {
  constructor(
    private readonly repository: TruncationsRepository,
    private readonly tombstones: MessageRetentionRepository,
    private readonly threads: ThreadsRepository,
    private readonly marks: HistoryMarks,
    private readonly log: EventLog,
  ) {}

  /**
   * Hides the messages from the participants who still see them, and deletes the next ones, at least `most` if there
   * are as many. Returns how many were deleted.
   */
  async delete(conversationId: string, most: number): Promise<number> {
    let hasMore = true;
    while (hasMore) hasMore = await this.hideFromNext(conversationId);
    let deleted = 0;
    for (let seen = 0; seen < most; seen += BATCH_SIZE) {
      const count = await this.deleteBatch(conversationId);
      if (count === undefined) break;
      deleted += count;
    }
    return deleted;
  }

  private async hideFromNext(conversationId: string): Promise<boolean> {
    const hasMore = await this.log.write(conversationId, async (tx) =>
      this.marks.hideFromNext(tx, await this.repository.upTo(tx, conversationId)),
    );
    return hasMore ?? false;
  }

  /** Undefined if there is nothing left to delete. */
  private deleteBatch(conversationId: string): Promise<number | undefined> {
    return this.log.write(conversationId, async (tx) => {
      const range = await this.repository.next(tx, conversationId, BATCH_SIZE);
      if (!range) return undefined;
      await this.tombstones.empty(tx, range.ids, tx.head.at);
      await this.threads.recount(tx, range.ids);
      await this.repository.advance(tx, conversationId, range.lastNumber + 1);
      return range.ids.length;
    });
  }
}
