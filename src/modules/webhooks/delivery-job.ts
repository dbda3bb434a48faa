/** Tries of webhooks that work. */
export const DELIVERIES_QUEUE = 'webhook-deliveries';
/** Tries of webhooks that keep failing: however many of them hang, they only hold up each other. */
export const RETRIES_QUEUE = 'webhook-retries';

/** One claim of one delivery: when it is claimed again, the claim before does nothing any more. */
export interface ClaimedDelivery {
  readonly deliveryId: string;
  readonly attempts: number;
  readonly claims: number;
}

/** Deliveries that are tried at once; what becomes of one says nothing about the others. */
export interface DeliveryJob {
  readonly deliveries: readonly ClaimedDelivery[];
}
