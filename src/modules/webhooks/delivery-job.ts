/** Attempts of working webhooks. */
export const DELIVERIES_QUEUE = 'webhook-deliveries';
/** Attempts of webhooks that keep failing: those that hang delay only each other. */
export const RETRIES_QUEUE = 'webhook-retries';

/**
 * Attempts in progress at a time in one queue, across all workers. Each worker takes that many jobs, so that no job
 * waits for another to end: a job lasts as long as the slowest receiver in it.
 */
export const MAX_PER_QUEUE = 1000;

/** One claim of one delivery. When the delivery is claimed again, the earlier claim has no effect any more. */
export interface ClaimedDelivery {
  readonly deliveryId: string;
  readonly attempts: number;
  readonly claims: number;
}

/** Deliveries that are attempted at the same time; each has its own result. */
export interface DeliveryJob {
  readonly deliveries: readonly ClaimedDelivery[];
}
