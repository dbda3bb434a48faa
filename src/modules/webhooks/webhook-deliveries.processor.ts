import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { DELIVERIES_QUEUE, RETRIES_QUEUE, type DeliveryJob, MAX_IN_PROGRESS_PER_QUEUE } from './delivery-queues.js';
import { DeliverWebhook } from './deliver-webhook.js';
import { OutboxPoller } from './outbox-poller.js';

const WORKER = { concurrency: MAX_IN_PROGRESS_PER_QUEUE, runRetryDelay: 500 };

/**
 * Attempts each delivery of a job once. The database decides whether and when an attempt is repeated: deliveries of a
 * job that the queue lost are claimed again.
 */
@Injectable()
abstract class DeliveryWorker extends WorkerHost {
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

/** Delivers to webhooks that work. */
@Processor(DELIVERIES_QUEUE, WORKER)
export class WebhookDeliveriesProcessor extends DeliveryWorker {}

/** Delivers to webhooks that keep failing, separately from those that work. */
@Processor(RETRIES_QUEUE, WORKER)
export class FailingWebhooksProcessor extends DeliveryWorker {}
