import { Module, Global, type OnModuleInit } from '@nestjs/common';
import { IdempotencyRepository } from '../http/idempotency.repository.js';
import { IdempotencyCleanupTask } from '../http/idempotency-store.js';
import { QueueModule } from '../queue/queue.module.js';
import { SCHEDULE_QUEUE, ScheduleProcessor } from './schedule.processor.js';
import { DecoratedMethods, DecoratedMethodsModule } from '../discovery/decorated-methods.js';
import { ScheduledTasks } from './schedule.js';

/** The scheduled tasks of all modules of this process. */
@Global()
@Module({ imports: [DecoratedMethodsModule], providers: [ScheduledTasks], exports: [ScheduledTasks] })
class ScheduleModule implements OnModuleInit {
  constructor(
    private readonly methods: DecoratedMethods,
    private readonly tasks: ScheduledTasks,
  ) {}

  onModuleInit(): void {
    this.tasks.registerDecorated(this.methods);
  }
}

/** Runs the scheduled tasks of all modules, and provides those of the platform. */
@Module({
  imports: [ScheduleModule, QueueModule.register(SCHEDULE_QUEUE)],
  providers: [ScheduleProcessor, IdempotencyCleanupTask, IdempotencyRepository],
})
export class ScheduleWorkerModule {}
