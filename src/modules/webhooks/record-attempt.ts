import { Injectable, Logger } from '@nestjs/common';
import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import { KeyedBatcher } from '../../platform/event-log/keyed-batcher.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { AttemptsRepository, type DueDelivery, type FinishedAttempt } from './attempts.repository.js';
import { GONE, RetryPolicy } from './retry-policy.js';
import type { AttemptResult } from './webhook-client.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { type DisabledReason, WebhooksRepository } from './webhooks.repository.js';
import { WEBHOOK_DISABLED } from './webhooks.events.js';

/** Disables a webhook that cannot be delivered to, and notifies its owner. */
@Injectable()
export class DisableWebhook {
  private readonly logger = new Logger(DisableWebhook.name);

  constructor(
    private readonly repository: WebhooksRepository,
    private readonly log: EventLog,
  ) {}

  /** Takes effect once: a second call finds the webhook disabled and does nothing. */
  async disable(webhookId: string, ownerId: string, reason: Exclude<DisabledReason, 'owner'>): Promise<void> {
    const isDisabled = await this.log.write(ownerId, async (tx) => {
      if (!(await this.repository.disable(tx, webhookId, reason))) return false;
      tx.append({ type: WEBHOOK_DISABLED, actorId: null, subjectId: webhookId, payload: { reason } });
      return true;
    });
    if (isDisabled) this.logger.warn({ webhook_id: webhookId, reason }, 'a webhook was disabled');
  }

  /** Marks pending deliveries of a disabled webhook as failed; returns false when there were none. */
  failPendingBatch(): Promise<boolean> {
    return this.repository.failPendingBatch();
  }
}

const BATCH_SIZE = 100;

/** Records an attempt and applies its consequences: a failing webhook is disabled. */
@Injectable()
export class RecordAttempt {
  /** Attempts that end while others are being written form the next batch. */
  private readonly batcher = new KeyedBatcher<FinishedAttempt, number>({
    keyOf: ({ id }) => id,
    run: (attempts) => this.write(attempts),
    maxBatch: BATCH_SIZE,
    maxBatchPerKey: 1,
    maxInFlight: 1,
    maxQueuedPerKey: 10,
  });

  constructor(
    private readonly repository: AttemptsRepository,
    private readonly policy: RetryPolicy,
    private readonly disabling: DisableWebhook,
    private readonly metrics: Metrics,
  ) {}

  /** @throws ServiceUnavailable */
  async record(due: DueDelivery, attempt: AttemptResult): Promise<void> {
    this.metrics.count('parley_webhook_attempts_total', { result: attempt.error ?? 'delivered' });
    this.metrics.observe('parley_webhook_attempt_seconds', attempt.durationMs / 1000);
    const { id, webhook_id: webhookId, user_id: ownerId, tries } = due;
    const failingSeconds = await this.batcher.add({ id, webhookId, ...attempt, ...this.policy.decide(attempt, tries) });
    if (attempt.statusCode === GONE) await this.disabling.disable(webhookId, ownerId, 'gone');
    else if (this.policy.isFailingTooLong(failingSeconds)) await this.disabling.disable(webhookId, ownerId, 'failing');
  }

  /** Retries once after an outage: what is not recorded is sent again. */
  private async write(attempts: FinishedAttempt[]): Promise<number[]> {
    try {
      return await this.repository.record(attempts);
    } catch (error) {
      if (!(error instanceof ServiceUnavailable)) throw error;
      return this.repository.record(attempts);
    }
  }
}
