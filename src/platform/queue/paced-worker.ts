import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Worker, type WorkerOptions } from 'bullmq';
import { queueFailures } from './logged-queue.js';

/** How long a worker waits after a failure of its store: a store that fails at once would be asked without end. */
const AFTER_FAILURE_MS = 1000;

/**
 * A worker whose failures are in the log, and that lets time pass between two of them. BullMQ's own asks again at once when the error is none of the
 * connection's (a pool that has ended, a server that shuts down, a function that is missing); where that fails without
 * any input or output, its loop of promises leaves no turn to timers, signals and the log.
 */
export class PacedWorker extends Worker {
  private readonly isOver = new AbortController();

  constructor(name: string, processor?: ConstructorParameters<typeof Worker>[1], options?: WorkerOptions) {
    // BullMQ's 15 s would also be what a shutdown waits for.
    super(name, processor, { runRetryDelay: AFTER_FAILURE_MS, ...options } as WorkerOptions);
    this.on('error', (error) => queueFailures.failed({ queue: name, err: error }));
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    try {
      const job = await super.moveToActive(token, name);
      queueFailures.worked();
      return job;
    } catch (error) {
      await sleep(AFTER_FAILURE_MS, undefined, { signal: this.isOver.signal }).catch(() => undefined);
      throw error;
    }
  }

  override close(force?: boolean): Promise<void> {
    this.isOver.abort();
    return super.close(force);
  }
}
