import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { DeliverWebhook } from './deliver-webhook.js';
import { RelayLoop } from './relay-loop.js';
import { DELIVERIES_QUEUE, type DeliveryJob } from './delivery-job.js';

/** One try of each delivery of a job. When and whether again is decided in the database, not by the queue. */
@Processor(DELIVERIES_QUEUE, { concurrency: 64, runRetryDelay: 500 })
export class WebhookDeliveriesProcessor extends WorkerHost {
  constructor(
    private readonly delivering: DeliverWebhook,
    private readonly loop: RelayLoop,
  ) {
    super();
  }

  async process({ data }: Job<DeliveryJob>): Promise<void> {
    await this.delivering.deliver(data.deliveries, () => this.loop.wake()); // there is room for the next
  }
}
