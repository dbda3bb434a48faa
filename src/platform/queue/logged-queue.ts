import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Queue, type QueueOptions, type Job, Worker, type WorkerOptions } from 'bullmq';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** Shared by all queues, workers and connections of a process: each of them reports an outage at every attempt. */
export const queueFailures = new RepeatedWarning(new Logger('Queue'), 'the queue fails', {
  recovered: 'the queue works again',
});

/**
 * A queue that logs its failures from its creation on. Without an `error` listener BullMQ would print them to the
 * console instead of the log.
 */
export class LoggedQueue extends Queue {
  constructor(name: string, options?: QueueOptions) {
    super(name, options);
    this.on('error', (error) => queueFailures.failed({ queue: name, err: error }));
  }
}

/**
 * How long a worker waits after a failure of its store, because a store that fails at once would be queried in a loop.
 */
const RETRY_DELAY_MS = 1000;

/**
 * A worker that logs its failures and waits between two of them. The worker of BullMQ retries at once if the error is
 * not one of the connection (a pool that has ended, a server that shuts down, a missing function). If that fails
 * without any I/O, its loop of promises starves timers, signals and the log.
 */
export class LoggedWorker extends Worker {
  private readonly retryDelay = new AbortController();

  constructor(name: string, processor?: ConstructorParameters<typeof Worker>[1], options?: WorkerOptions) {
    // A shutdown would also wait for BullMQ's default of 15 s.
    super(name, processor, { runRetryDelay: RETRY_DELAY_MS, ...options } as WorkerOptions);
    this.on('error', (error) => queueFailures.failed({ queue: name, err: error }));
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    try {
      const job = await super.moveToActive(token, name);
      queueFailures.worked();
      return job;
    } catch (error) {
      await sleep(RETRY_DELAY_MS, undefined, { signal: this.retryDelay.signal }).catch(() => undefined);
      throw error;
    }
  }

  override close(force?: boolean): Promise<void> {
    this.retryDelay.abort();
    return super.close(force);
  }
}
