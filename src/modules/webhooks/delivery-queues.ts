import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { withTimeout } from '../../platform/concurrency/with-timeout.js';
import type { Claim } from './relay.repository.js';

/** Attempts of working webhooks. */
export const DELIVERIES_QUEUE = 'webhook-deliveries';
/** Attempts of webhooks that keep failing: those that hang delay only each other. */
export const RETRIES_QUEUE = 'webhook-retries';

/**
 * Attempts in progress at a time in one queue, across all workers. Each worker takes that many jobs, so that no job
 * waits for another to end: a job lasts as long as the slowest receiver in it.
 */
export const MAX_IN_PROGRESS_PER_QUEUE = 1000;

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

const QUEUE_TIMEOUT_MS = 5000;
/**
 * A job costs the queue three statements, whatever its size. With more deliveries in each, a few workers would do all
 * the work.
 */
const DELIVERIES_PER_JOB = 10;
/** The queue need not store finished jobs: the deliveries are the record. */
const JOB_OPTIONS = { removeOnComplete: true, removeOnFail: true, attempts: 1 };

/** Enqueues claimed deliveries, with a timeout: a queue that is unavailable must not block the relay. */
@Injectable()
export class DeliveryQueues {
  constructor(
    @InjectQueue(DELIVERIES_QUEUE) private readonly deliveries: Queue<DeliveryJob>,
    @InjectQueue(RETRIES_QUEUE) private readonly retries: Queue<DeliveryJob>,
  ) {}

  /** @throws Error when a queue does not accept the jobs in time; some may have been enqueued */
  async add(claims: readonly Claim[]): Promise<void> {
    await Promise.all([
      this.addTo(
        this.deliveries,
        claims.filter(({ is_failing: isFailing }) => !isFailing),
      ),
      this.addTo(
        this.retries,
        claims.filter(({ is_failing: isFailing }) => isFailing),
      ),
    ]);
  }

  private async addTo(queue: Queue<DeliveryJob>, claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    const jobs: { name: string; data: DeliveryJob; opts: object }[] = [];
    for (let from = 0; from < claims.length; from += DELIVERIES_PER_JOB) {
      const deliveries = claims.slice(from, from + DELIVERIES_PER_JOB).map(toDelivery);
      const { deliveryId, attempts, claims: number } = deliveries[0]!;
      const jobId = `${deliveryId}-${attempts}-${number}`;
      jobs.push({ name: 'deliver', data: { deliveries }, opts: { ...JOB_OPTIONS, jobId } });
    }
    await withTimeout(QUEUE_TIMEOUT_MS, queue.addBulk(jobs), () => new Error('the queue does not respond'));
  }
}

function toDelivery({ id, attempts, claims }: Claim): ClaimedDelivery {
  return { deliveryId: id, attempts, claims };
}
