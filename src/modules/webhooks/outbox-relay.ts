import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import { type OutboxEvent, OutboxRepository } from '../../platform/event-log/outbox.repository.js';
import { MESSAGE_DELETED } from '../messages/messages.events.js';
import { DeliveryQueues, MAX_IN_PROGRESS_PER_QUEUE } from './delivery-queues.js';
import { WebhookPayloads } from './webhook-payloads.js';
import { type RelayedEvent, RelayRepository } from './relay.repository.js';
import { jittered } from './retry-policy.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/** Events read from the outbox in one transaction, at most. */
const MAX_BATCH_SIZE = 200;
/** Consecutive failures from which on a webhook counts as failing until an attempt succeeds. */
const FAILING_FROM = 5;
const CLAIM_BATCH_SIZE = 200;
/** A delivery that was claimed this often without a result is given up: it may be what kills the workers. */
const MAX_CLAIMS = 20;
/** Added to the longest duration of an attempt before a queued delivery counts as lost. */
const CLAIM_MARGIN_SECONDS = 5;

/**
 * Moves events from the outbox to the queue. An event is either in the outbox or has its deliveries: one transaction
 * does both. A delivery that is due is claimed and queued. When the job is lost, for whatever reason, the claim
 * expires, and the delivery is claimed and queued again.
 */
@Injectable()
export class OutboxRelay {
  private readonly logger = new Logger(OutboxRelay.name);
  private readonly queueWarning = new RepeatedWarning(this.logger, 'deliveries are delayed: the queue is unavailable', {
    recovered: 'deliveries are queued again',
  });
  /** Halved when a batch fails, because it may exceed the statement timeout; doubled when one succeeds. */
  private batch = MAX_BATCH_SIZE;

  constructor(
    private readonly outbox: OutboxRepository,
    private readonly repository: RelayRepository,
    private readonly payloads: WebhookPayloads,
    private readonly config: Config,
    private readonly queues: DeliveryQueues,
  ) {}

  hasInterest(): Promise<boolean> {
    return this.outbox.hasInterest();
  }

  /** Empties the outbox; after a failure the next batch is smaller. @throws ServiceUnavailable */
  async drain(): Promise<void> {
    for (;;) {
      const { batch } = this;
      this.batch = Math.max(1, Math.floor(batch / 2));
      const count = await this.drainOnce(batch);
      this.batch = Math.min(MAX_BATCH_SIZE, batch * 2);
      if (count < batch) return;
    }
  }

  /** Queues everything that is due, as far as there is capacity. @throws ServiceUnavailable */
  async dispatch(): Promise<void> {
    for (;;) {
      const claims = await this.repository.claim({
        perWebhook: this.config.webhookConcurrency,
        failingFrom: FAILING_FROM,
        perHost: this.config.webhookConcurrencyPerHost,
        perUser: this.config.webhookConcurrencyPerUser,
        perQueue: MAX_IN_PROGRESS_PER_QUEUE,
        batchSize: CLAIM_BATCH_SIZE,
      });
      if (claims.length === 0) return;
      try {
        await this.queueWarning.watch(() => this.queues.add(claims));
      } catch {
        return this.repository.releaseClaims(claims.map(({ id }) => id));
      }
      if (claims.length < CLAIM_BATCH_SIZE) return;
    }
  }

  /** Releases deliveries that were queued long ago and never ended: their jobs are lost. */
  async releaseExpiredClaims(): Promise<void> {
    const seconds = this.config.webhookTimeoutMs / 1000 + CLAIM_MARGIN_SECONDS;
    const count = await this.repository.releaseExpiredClaims(seconds, MAX_CLAIMS);
    if (count > 0) this.logger.warn({ count }, 'deliveries whose jobs were lost are queued again');
  }

  private drainOnce(batch: number): Promise<number> {
    return this.repository.transaction(async (tx) => {
      const taken = await this.outbox.take(tx, batch);
      if (taken.length === 0) return 0;
      const relayed = await this.toRelayedEvents(taken);
      const created = relayed.map(({ id }) => id);
      await this.repository.createDeliveries(tx, relayed, jittered(this.config.webhookRetrySchedule[0] ?? 0));
      const deleted = taken.filter(({ type }) => type === MESSAGE_DELETED).map(({ subjectId }) => subjectId!);
      await this.repository.clearMessageData(tx, deleted, created);
      return taken.length;
    });
  }

  private async toRelayedEvents(taken: OutboxEvent[]): Promise<RelayedEvent[]> {
    const data = await this.present(taken);
    return taken.flatMap((event, index) => {
      const eventData = data[index];
      const messageId = event.type.startsWith('message.') ? event.subjectId : null;
      return eventData === undefined ? [] : [{ ...event, id: newId(), messageId, data: eventData }];
    });
  }

  /**
   * One event that cannot be presented must not block the others: it is stored without data, and presented at its
   * attempt.
   */
  private async present(taken: OutboxEvent[]): Promise<(object | null | undefined)[]> {
    try {
      return await this.payloads.present(taken);
    } catch (error) {
      if (error instanceof ServiceUnavailable) throw error;
      this.logger.error({ err: error }, 'an event could not be presented');
      if (taken.length === 1) return [null];
      const data: (object | null | undefined)[] = [];
      for (const event of taken) data.push(...(await this.present([event])));
      return data;
    }
  }
}
