import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import { HistoryMarksRepository } from './history-marks.repository.js';

/** Participants who are updated under one lock of the conversation: all of most conversations. */
const HIDDEN_AT_ONCE = 5000;

/** What participants do not see of the conversation of `tx`. Changes are made under its lock. */
@Injectable()
export class HistoryMarks {
  constructor(private readonly repository: HistoryMarksRepository) {}

  /** Hides messages up to a number from a participant; returns whether it was lower before. */
  hideUpTo(tx: StreamTransaction, userId: string, number: number): Promise<boolean> {
    return this.repository.hideUpTo(tx, tx.head.streamId, userId, number);
  }

  /**
   * Hides messages up to a number from the next participants; returns whether there may be more of them. Sends wait
   * meanwhile, no longer than for a large batch of their own.
   */
  async hideFromNext(tx: StreamTransaction, number: number): Promise<boolean> {
    return (await this.repository.hideFromSome(tx, tx.head.streamId, number, HIDDEN_AT_ONCE)) === HIDDEN_AT_ONCE;
  }

  /** Has reads look for single messages that are hidden from a participant, from now on. */
  noteHiddenMessage(tx: StreamTransaction, userId: string): Promise<void> {
    return this.repository.noteHiddenMessage(tx, tx.head.streamId, userId);
  }
}
