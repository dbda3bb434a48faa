import { Logger } from '@nestjs/common';
import { Queue, type QueueOptions } from 'bullmq';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** One for all queues, workers and connections of a process: each of them says at every try that their store is away. */
export const queueFailures = new RepeatedWarning(new Logger('Queue'), 'the queue fails', {
  over: 'the queue works again',
});

/**
 * A queue whose failures are in the log: those of one nobody listens to are printed past it, from its first moment on.
 */
export class LoggedQueue extends Queue {
  constructor(name: string, options?: QueueOptions) {
    super(name, options);
    this.on('error', (error) => queueFailures.failed({ queue: name, err: error }));
  }
}
