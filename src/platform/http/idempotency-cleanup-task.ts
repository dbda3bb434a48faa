import { Injectable } from '@nestjs/common';
import { inBatches, ScheduledTask, type TaskReport } from '../schedule/schedule.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** Deletes expired idempotency keys, with their stored responses. */
@Injectable()
export class IdempotencyCleanupTask {
  constructor(private readonly repository: IdempotencyRepository) {}

  @ScheduledTask({ name: 'idempotency-keys', everyMs: 10 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { keys: await this.repository.countExpired() };
    return { keys: await inBatches(1000, () => this.repository.deleteExpired()) };
  }
}
