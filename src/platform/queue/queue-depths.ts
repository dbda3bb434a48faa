import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Queue } from 'bullmq';
import { ServiceUnavailable } from '../errors/app-error.js';
import { QueueConnection } from './queue-connection.js';
import { QUEUE_NAMES } from './queue-names.js';

const STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
const MAX_AGE_MS = 5000;
/** A store that is away is waited for no longer: its client would wait until it is back. */
const PATIENCE_MS = 900;

/** The jobs of one queue by state. */
export interface QueueDepth {
  readonly name: string;
  readonly jobs: Readonly<Record<(typeof STATES)[number], number>>;
}

/** How much work waits, of every queue of the program, whether or not this process works on it; at most 5 s old. */
@Injectable()
export class QueueDepths implements OnModuleDestroy {
  private readonly queues = new Map<string, Queue>();
  private known: { at: number; depths: QueueDepth[] } | undefined;
  /** One question at a time, however long the store takes and however many want to know. */
  private asking: Promise<QueueDepth[]> | undefined;

  constructor(private readonly connection: QueueConnection) {}

  /** Answers within a second. @throws ServiceUnavailable when the queue's store is away */
  async read(): Promise<QueueDepth[]> {
    if (this.known && performance.now() - this.known.at <= MAX_AGE_MS) return this.known.depths;
    this.asking ??= this.ask();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new ServiceUnavailable()), PATIENCE_MS);
    });
    try {
      return await Promise.race([this.asking, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  private async ask(): Promise<QueueDepth[]> {
    try {
      const depths = await Promise.all([...QUEUE_NAMES].sort().map((name) => this.depthOf(name)));
      this.known = { at: performance.now(), depths };
      return depths;
    } catch (error) {
      throw new ServiceUnavailable(undefined, { cause: error });
    } finally {
      this.asking = undefined;
    }
  }

  private async depthOf(name: string): Promise<QueueDepth> {
    let queue = this.queues.get(name);
    if (!queue) {
      queue = new Queue(name, { connection: this.connection.options, skipMetasUpdate: true });
      queue.on('error', () => undefined); // whoever reads it is told
      this.queues.set(name, queue);
    }
    const counts = await queue.getJobCounts(...STATES);
    return { name, jobs: Object.fromEntries(STATES.map((state) => [state, counts[state] ?? 0])) as QueueDepth['jobs'] };
  }
}
