/** Tries of webhooks that work. */
export const DELIVERIES_QUEUE = 'webhook-deliveries';
/** Tries of webhooks that keep failing: however many of them hang, they only hold up each other. */
export const RETRIES_QUEUE = 'webhook-retries';

/**
 * Tries under way at once in one lane, in all. A worker takes as many jobs, so that none waits for another to end: a job
 * lasts as long as the slowest receiver in it.
 */
export const MOST_PER_LANE = 1000;

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
