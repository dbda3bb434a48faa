import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Worker, type WorkerOptions } from 'bullmq';

/** How long a worker waits after a failure of its store: a store that fails at once would be asked without end. */
const AFTER_FAILURE_MS = 1000;

/**
 * A worker that lets time pass between two failures. BullMQ's own asks again at once when the error is none of the
 * connection's (a pool that has ended, a server that shuts down, a function that is missing); where that fails without
 * any input or output, its loop of promises leaves no turn to timers, signals and the log.
 */
export class PacedWorker extends Worker {
  private readonly isOver = new AbortController();

  constructor(name: string, processor?: ConstructorParameters<typeof Worker>[1], options?: WorkerOptions) {
    // BullMQ's 15 s would also be what a shutdown waits for.
    super(name, processor, { runRetryDelay: AFTER_FAILURE_MS, ...options } as WorkerOptions);
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    try {
      return await super.moveToActive(token, name);
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
