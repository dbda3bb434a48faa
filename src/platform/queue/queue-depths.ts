import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Queue } from 'bullmq';
import { withTimeout } from '../concurrency/with-timeout.js';
import { ServiceUnavailable } from '../errors/app-error.js';
import { QueueConnection } from './queue-connection.js';

const STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
const MAX_AGE_MS = 5000;
/** All registered queues. Filled when the modules are loaded, so it is the same in every process. */
export const QUEUE_NAMES = new Set<string>();

/** Longest wait for the store, whose client would wait until an outage ends. */
const READ_TIMEOUT_MS = 900;

/** The jobs of one queue by state. */
export interface QueueDepth {
  readonly name: string;
  readonly jobs: Readonly<Record<(typeof STATES)[number], number>>;
}

/** The job counts of all queues, including those that this process does not work on; at most 5 s old. */
@Injectable()
export class QueueDepths implements OnModuleDestroy {
  private readonly queues = new Map<string, Queue>();
  private known: { at: number; depths: QueueDepth[] } | undefined;
  /** The query in progress, which concurrent callers share. */
  private reading: Promise<QueueDepth[]> | undefined;

  constructor(private readonly connection: QueueConnection) {}

  /** Resolves within a second. @throws ServiceUnavailable when the queue's store is unavailable */
  async read(): Promise<QueueDepth[]> {
    if (this.known && performance.now() - this.known.at <= MAX_AGE_MS) return this.known.depths;
    this.reading ??= this.query();
    return withTimeout(READ_TIMEOUT_MS, this.reading, () => new ServiceUnavailable());
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  private async query(): Promise<QueueDepth[]> {
    try {
      const depths = await Promise.all([...QUEUE_NAMES].sort().map((name) => this.depthOf(name)));
      this.known = { at: performance.now(), depths };
      return depths;
    } catch (error) {
      throw new ServiceUnavailable(undefined, { cause: error });
    } finally {
      this.reading = undefined;
    }
  }

  private async depthOf(name: string): Promise<QueueDepth> {
    let queue = this.queues.get(name);
    if (!queue) {
      queue = new Queue(name, { connection: this.connection.options, skipMetasUpdate: true });
      queue.on('error', () => undefined); // `read` reports failures
      this.queues.set(name, queue);
    }
    const counts = await queue.getJobCounts(...STATES);
    return { name, jobs: Object.fromEntries(STATES.map((state) => [state, counts[state] ?? 0])) as QueueDepth['jobs'] };
  }
}
