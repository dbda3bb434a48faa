import { WorkerHost } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { DeliverWebhook } from './deliver-webhook.js';
import { type DeliveryJob, MOST_PER_LANE } from './delivery-job.js';
import { OutboxPoller } from './outbox-poller.js';

export const WORKER = { concurrency: MOST_PER_LANE, runRetryDelay: 500 };

/** One try of each delivery of a job. When and whether again is decided in the database: what a job the queue has lost was to do is claimed again. */
@Injectable()
export abstract class DeliveryWorker extends WorkerHost {
  constructor(
    private readonly delivering: DeliverWebhook,
    private readonly poller: OutboxPoller,
  ) {
    super();
  }

  async process({ data }: Job<DeliveryJob>): Promise<void> {
    await this.delivering.deliver(data.deliveries, () => this.poller.wake()); // there is room for the next
  }
}
