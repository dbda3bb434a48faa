import { Injectable } from '@nestjs/common';
import { type CompactableTable, TableCompactor } from '../../platform/database/table-compactor.js';
import { ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { RetentionRepository } from './retention.repository.js';

/** The tables in which retention leaves free space. */
const TABLES: readonly CompactableTable[] = [
  { name: 'messages', column: 'content' },
  { name: 'message_edits', column: 'content' },
  { name: 'reactions', column: 'emoji' },
];

/**
 * Once a day, if retention has removed something, returns the space to the disk that new messages have not reused.
 */
@Injectable()
export class MessageTableCompaction {
  constructor(
    private readonly repository: RetentionRepository,
    private readonly compactor: TableCompactor,
  ) {}

  @ScheduledTask({ name: 'message-space', everyMs: 24 * 3_600_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (!(await this.repository.hasRun())) return { bytes: 0 };
    return { bytes: isDryRun ? await this.compactor.estimate(TABLES) : await this.compactor.compact(TABLES) };
  }
}
