import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { FileStored } from './files.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

export const SCANS_QUEUE = 'file-scans';

export interface ScanJob {
  fileId: string;
}

/** A scanner that is away is asked again after 1, 2, 4 … seconds, for two minutes; then the upkeep asks. */
const ATTEMPTS = 8;
const BACKOFF_MS = 1000;

/** Asks for the scans of files. One file is in the queue once, however often it is asked for. */
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
    this.events.on(FileStored, ({ fileId }) => this.ask(fileId));
  }

  /** The queue being away harms no file: the upkeep asks again for whatever waits. */
  private async ask(fileId: string): Promise<void> {
    try {
      await this.queue.add(
        'scan',
        { fileId },
        { attempts: ATTEMPTS, backoff: { type: 'exponential', delay: BACKOFF_MS }, deduplication: { id: fileId } },
      );
      this.waiting.worked();
    } catch (error) {
      this.waiting.failed({ err: error });
    }
  }
}
