import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { AttemptOutcome } from './attempts.repository.js';
import type { AttemptResult } from './webhook-client.js';

export const GONE = 410;

/** When a delivery is attempted again, and when it is given up. */
@Injectable()
export class RetryPolicy {
  constructor(private readonly config: Config) {}

  /** Decides after attempt number `tries` + 1 since the delivery was created or last replayed. */
  decide({ statusCode, error, retryAfterSeconds }: AttemptResult, tries: number): AttemptOutcome {
    if (error === null) return { status: 'delivered', reason: null, delaySeconds: 0 };
    if (statusCode === GONE) return { status: 'failed', reason: 'gone', delaySeconds: 0 };
    const wait = this.config.webhookRetrySchedule[tries + 1];
    if (wait === undefined) return { status: 'failed', reason: 'retries_exhausted', delaySeconds: 0 };
    return { status: 'waiting', reason: error, delaySeconds: Math.max(jittered(wait), retryAfterSeconds ?? 0) };
  }

  isFailingTooLong(failingSeconds: number): boolean {
    return failingSeconds >= this.config.webhookDisableAfter;
  }
}

/** Plus or minus a tenth, so that what failed together is not repeated together. */
export function jittered(seconds: number): number {
  return seconds * (0.9 + Math.random() * 0.2);
}
