import { InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { FilesUpkeep } from './files-upkeep.js';

export const UPKEEP_QUEUE = 'files-upkeep';

const EVERY_MS = 10 * 60_000;

/** Runs the upkeep of files every ten minutes, once in the whole cluster: all workers name the same schedule. */
@Processor(UPKEEP_QUEUE)
export class FilesUpkeepProcessor extends WorkerHost implements OnApplicationBootstrap {
  private readonly logger = new Logger(FilesUpkeepProcessor.name);

  constructor(
    private readonly upkeep: FilesUpkeep,
    @InjectQueue(UPKEEP_QUEUE) private readonly queue: Queue,
  ) {
    super();
  }

  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.queue.upsertJobScheduler('files-upkeep', { every: EVERY_MS }, { name: 'tidy' });
    } catch (error) {
      this.logger.error({ err: error }, 'the upkeep of files could not be scheduled');
    }
  }

  async process(): Promise<void> {
    await this.upkeep.tidy();
  }
}
