import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { FileStored } from './files.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

export const SCANS_QUEUE = 'file-scans';

/** The scan of one file of an uploader: that which has waited longest. */
export interface ScanJob {
  /** Undefined in jobs of a process of the version before. */
  readonly uploaderId?: string;
  /** What a process of the version before scans. */
  readonly fileId: string;
}

/** A scanner that is away is asked again after 1, 2, 4 … seconds, for two minutes; then the upkeep asks. */
const ATTEMPTS = 8;
const BACKOFF_MS = 1000;

/**
 * Asks for the scans of files. An uploader is in the queue once, however many of their files wait, and goes to its end
 * after each of them: uploaders take turns, and one is served by one worker at a time.
 */
@Injectable()
export class ScansQueue implements OnModuleInit {
  private readonly waiting = new RepeatedWarning(new Logger(ScansQueue.name), 'scans wait for the queue', {
    over: 'scans are queued again',
  });

  constructor(
    @InjectQueue(SCANS_QUEUE) private readonly queue: Queue<ScanJob>,
    private readonly events: DomainEvents,
  ) {}

  onModuleInit(): void {
    this.events.on(FileStored, ({ fileId, uploaderId }) => this.ask({ fileId, uploaderId }));
  }

  /**
   * Asked while a file of the uploader is being scanned, it counts once that is over. The queue being away harms no
   * file: the upkeep asks again for all that wait.
   */
  async ask(job: Required<ScanJob>): Promise<void> {
    const deduplication = { id: job.uploaderId, keepLastIfActive: true };
    try {
      await this.queue.add('scan', job, {
        attempts: ATTEMPTS,
        backoff: { type: 'exponential', delay: BACKOFF_MS },
        deduplication,
      });
      this.waiting.worked();
    } catch (error) {
      this.waiting.failed({ err: error });
    }
  }
}
