import { Processor } from '@nestjs/bullmq';
import { RETRIES_QUEUE } from './delivery-job.js';
import { WebhookDeliveriesProcessor, WORKER } from './webhook-deliveries.processor.js';

/** The same for webhooks that keep failing: apart from those that work. */
@Processor(RETRIES_QUEUE, WORKER)
export class WebhookRetriesProcessor extends WebhookDeliveriesProcessor {}
