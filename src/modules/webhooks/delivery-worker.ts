import { WorkerHost } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { DeliverWebhook } from './deliver-webhook.js';
import { type DeliveryJob, MAX_PER_QUEUE } from './delivery-job.js';
import { OutboxPoller } from './outbox-poller.js';

export const WORKER = { concurrency: MAX_PER_QUEUE, runRetryDelay: 500 };

/**
 * Attempts each delivery of a job once. The database decides whether and when an attempt is repeated: deliveries of a
 * job that the queue lost are claimed again.
 */
@Injectable()
export abstract class DeliveryWorker extends WorkerHost {
  constructor(
    private readonly deliverWebhook: DeliverWebhook,
    private readonly poller: OutboxPoller,
  ) {
    super();
  }

  async process({ data }: Job<DeliveryJob>): Promise<void> {
    await this.deliverWebhook.deliver(data.deliveries, () => this.poller.wake()); // there is capacity for the next
  }
}
