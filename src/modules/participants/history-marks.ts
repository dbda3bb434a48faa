import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import { HistoryMarksRepository } from './history-marks.repository.js';

/** What participants do not see of the conversation of `tx`. Changes are made under its lock. */
@Injectable()
export class HistoryMarks {
  constructor(private readonly repository: HistoryMarksRepository) {}

  /** Hides messages up to a number from a participant; returns whether it was lower before. */
  hideUpTo(tx: StreamTransaction, userId: string, number: number): Promise<boolean> {
    return this.repository.hideUpTo(tx, tx.head.streamId, userId, number);
  }

  /** Has reads look for single messages that are hidden from a participant, from now on. */
  noteHiddenMessage(tx: StreamTransaction, userId: string): Promise<void> {
    return this.repository.noteHiddenMessage(tx, tx.head.streamId, userId);
  }
}
