import { Injectable } from '@nestjs/common';
import { inBatches, ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { BeforeSendRepository } from './before-send.repository.js';

const BATCH_SIZE = 1000;

/** Deletes verdicts after a day, and those of deleted accounts: by then every client has repeated its send. */
@Injectable()
export class BeforeSendCleanupTask {
  constructor(private readonly repository: BeforeSendRepository) {}

  @ScheduledTask({ name: 'before-send-verdicts', everyMs: 10 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { verdicts: await this.repository.countOldVerdicts() };
    return { verdicts: await inBatches(BATCH_SIZE, () => this.repository.deleteOldVerdicts(BATCH_SIZE)) };
  }
}
