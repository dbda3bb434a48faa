import { BullModule } from '@nestjs/bullmq';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { LoggedQueue, LoggedWorker } from './logged-queue.js';
import { QueueConnection } from './queue-connection.js';
import { QUEUE_NAMES, QueueDepths } from './queue-depths.js';

/** Failed jobs are kept for inspection; finished ones are removed at once. */
const KEEP_FAILED_SECONDS = 7 * 24 * 3600;

@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [QueueConnection, QueueDepths],
  exports: [QueueConnection, QueueDepths],
})
class QueueConnectionModule {}

/**
 * Background work. The root imports `QueueModule.forRoot()` once; a module that adds jobs imports
 * `QueueModule.register('queue-name')` and injects `@InjectQueue('queue-name')`; a worker module imports the same and
 * provides its `@Processor('queue-name')`.
 */
@Module({})
export class QueueModule {
  static forRoot(): DynamicModule {
    return {
      module: QueueModule,
      imports: [
        QueueConnectionModule,
        BullModule.forRootAsync({
          inject: [QueueConnection],
          useFactory: (connection: QueueConnection) => ({
            connection: connection.options,
            defaultJobOptions: { removeOnComplete: true, removeOnFail: { age: KEEP_FAILED_SECONDS } },
          }),
        }),
      ],
    };
  }

  static register(...names: string[]): DynamicModule {
    for (const name of names) QUEUE_NAMES.add(name);
    BullModule.queueClass = LoggedQueue;
    BullModule.workerClass = LoggedWorker;
    return BullModule.registerQueue(...names.map((name) => ({ name })));
  }
}
