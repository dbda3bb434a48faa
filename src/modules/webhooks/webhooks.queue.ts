/** Tries of webhooks that work. */
export const DELIVERIES_QUEUE = 'webhook-deliveries';
/** Tries of webhooks that keep failing: however many of them hang, they only hold up each other. */
export const RETRIES_QUEUE = 'webhook-retries';

export interface DeliveryJob {
  deliveryId: string;
}
