import { Injectable, type OnModuleInit } from '@nestjs/common';
import { inBatches, Schedule, type ScheduledTask, type TaskReport } from '../schedule/schedule.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** Deletes expired idempotency keys, with their stored responses. */
@Injectable()
export class IdempotencyCleanupTask implements ScheduledTask, OnModuleInit {
  readonly name = 'idempotency-keys';
  readonly everyMs = 10 * 60_000;

  constructor(
    private readonly schedule: Schedule,
    private readonly repository: IdempotencyRepository,
  ) {}

  onModuleInit(): void {
    this.schedule.add(this);
  }

  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { keys: await this.repository.countExpired() };
    return { keys: await inBatches(1000, () => this.repository.deleteExpired()) };
  }
}
