import { Processor } from '@nestjs/bullmq';
import { RETRIES_QUEUE } from './delivery-job.js';
import { DeliveryWorker, WORKER } from './delivery-worker.js';

/** Delivers to webhooks that keep failing, separately from those that work. */
@Processor(RETRIES_QUEUE, WORKER)
export class WebhookRetriesProcessor extends DeliveryWorker {}
