import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, Module } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { FileStored } from './files.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';
import { QueueModule } from '../../platform/queue/queue.module.js';

export const SCANS_QUEUE = 'file-scans';

/** A scan of one file of an uploader: the one that has waited longest. */
export interface ScanJob {
  /** Undefined in jobs of a process of the previous version. */
  readonly uploaderId?: string;
  /** Read by a process of the previous version. */
  readonly fileId: string;
}

/**
 * With an unavailable scanner attempts are made after 1, 2, 4 … seconds, for two minutes; then the cleanup task
 * requeues the scan.
 */
const ATTEMPTS = 8;
const BACKOFF_MS = 1000;

/**
 * Queues the scans of files. An uploader is in the queue once, however many of their files wait, and moves to its end
 * after each: uploaders take turns, and each is served by one worker at a time.
 */
@Injectable()
export class ScansQueue {
  private readonly queueWarning = new RepeatedWarning(
    new Logger(ScansQueue.name),
    'scans are delayed: the queue is unavailable',
    {
      recovered: 'scans are queued again',
    },
  );

  constructor(@InjectQueue(SCANS_QUEUE) private readonly queue: Queue<ScanJob>) {}

  /**
   * A request during a scan for the same uploader takes effect after it. If the queue is unavailable no file is lost:
   * the cleanup task requeues all that wait.
   */
  @OnDomainEvent(FileStored)
  async enqueue({ fileId, uploaderId }: Required<ScanJob>): Promise<void> {
    const deduplication = { id: uploaderId, keepLastIfActive: true };
    try {
      const backoff = { type: 'exponential', delay: BACKOFF_MS };
      await this.queue.add('scan', { fileId, uploaderId }, { attempts: ATTEMPTS, backoff, deduplication });
      this.queueWarning.worked();
    } catch (error) {
      this.queueWarning.failed({ err: error });
    }
  }
}

/** The queue of scans, for the upload of files and for the cleanup. */
@Module({ imports: [QueueModule.register(SCANS_QUEUE)], providers: [ScansQueue], exports: [ScansQueue] })
export class ScansModule {}
