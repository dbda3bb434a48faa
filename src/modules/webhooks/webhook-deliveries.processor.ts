import { Processor } from '@nestjs/bullmq';
import { DELIVERIES_QUEUE } from './delivery-job.js';
import { DeliveryWorker, WORKER } from './delivery-worker.js';

/** Delivers to webhooks that work. */
@Processor(DELIVERIES_QUEUE, WORKER)
export class WebhookDeliveriesProcessor extends DeliveryWorker {}
