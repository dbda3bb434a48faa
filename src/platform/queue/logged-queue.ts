import { Logger } from '@nestjs/common';
import { Queue, type QueueOptions } from 'bullmq';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** Shared by all queues, workers and connections of a process: each of them reports an outage at every attempt. */
export const queueFailures = new RepeatedWarning(new Logger('Queue'), 'the queue fails', {
  over: 'the queue works again',
});

/**
 * A queue that logs its failures from its creation on. BullMQ prints those of a queue without an `error` listener past
 * the log.
 */
export class LoggedQueue extends Queue {
  constructor(name: string, options?: QueueOptions) {
    super(name, options);
    this.on('error', (error) => queueFailures.failed({ queue: name, err: error }));
  }
}
