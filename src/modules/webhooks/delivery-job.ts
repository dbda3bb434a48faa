/** Tries of webhooks that work. */
export const DELIVERIES_QUEUE = 'webhook-deliveries';
/** Tries of webhooks that keep failing: however many of them hang, they only hold up each other. */
export const RETRIES_QUEUE = 'webhook-retries';

/** One claim of one delivery: when it is claimed again, the job of the claim before does nothing any more. */
export interface DeliveryJob {
  deliveryId: string;
  attempts: number;
  claims: number;
}
