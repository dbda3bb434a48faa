import { Logger } from '@nestjs/common';
import { Queue, type QueueOptions } from 'bullmq';

/** Every queue says at every try that its store is away; once is enough for all of them. */
const SAY_AGAIN_MS = 60_000;

let saidAt = -Infinity;

/**
 * A queue whose failures are in the log: those of one nobody listens to are printed past it, from its first moment on.
 */
export class HeardQueue extends Queue {
  constructor(name: string, options?: QueueOptions) {
    super(name, options);
    this.on('error', ({ message }) => {
      const now = performance.now();
      if (now - saidAt < SAY_AGAIN_MS) return;
      saidAt = now;
      new Logger('Queue').warn(`queues cannot be reached: ${message}`);
    });
  }
}
