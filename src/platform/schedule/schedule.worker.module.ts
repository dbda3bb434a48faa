import { Module } from '@nestjs/common';
import { IdempotencyRepository } from '../http/idempotency.repository.js';
import { IdempotencyUpkeep } from '../http/idempotency-upkeep.js';
import { QueueModule } from '../queue/queue.module.js';
import { ScheduleModule } from './schedule.module.js';
import { SCHEDULE_QUEUE, ScheduleProcessor } from './schedule.processor.js';

/** Runs the scheduled tasks of all modules, and provides those of the platform. */
@Module({
  imports: [ScheduleModule, QueueModule.register(SCHEDULE_QUEUE)],
  providers: [ScheduleProcessor, IdempotencyUpkeep, IdempotencyRepository],
})
export class ScheduleWorkerModule {}
