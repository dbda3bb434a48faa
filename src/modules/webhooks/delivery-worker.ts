import { OnWorkerEvent, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Job } from 'bullmq';
import { DeliverWebhook } from './deliver-webhook.js';
import { type DeliveryJob, MOST_PER_LANE } from './delivery-job.js';
import { RelayLoop } from './relay-loop.js';

export const WORKER = { concurrency: MOST_PER_LANE, runRetryDelay: 500 };

/** One try of each delivery of a job. When and whether again is decided in the database, not by the queue. */
@Injectable()
export abstract class DeliveryWorker extends WorkerHost {
  private readonly logger = new Logger(this.constructor.name);

  constructor(
    private readonly delivering: DeliverWebhook,
    private readonly loop: RelayLoop,
  ) {
    super();
  }

  async process({ data }: Job<DeliveryJob>): Promise<void> {
    await this.delivering.deliver(data.deliveries, () => this.loop.wake()); // there is room for the next
  }

  /** The queue is away, or has forgotten a job: what that job was to do is claimed again. */
  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn(`the queue fails: ${error.message}`);
  }
}
