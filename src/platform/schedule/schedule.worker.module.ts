import { Module } from '@nestjs/common';
import { IdempotencyRepository } from '../http/idempotency.repository.js';
import { IdempotencyCleanupTask } from '../http/idempotency-cleanup-task.js';
import { QueueModule } from '../queue/queue.module.js';
import { ScheduleModule } from './schedule.module.js';
import { SCHEDULE_QUEUE, ScheduleProcessor } from './schedule.processor.js';

/** Runs the scheduled tasks of all modules, and provides those of the platform. */
@Module({
  imports: [ScheduleModule, QueueModule.register(SCHEDULE_QUEUE)],
  providers: [ScheduleProcessor, IdempotencyCleanupTask, IdempotencyRepository],
})
export class ScheduleWorkerModule {}
