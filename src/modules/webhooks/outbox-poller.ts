import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeating } from '../../platform/concurrency/repeating.js';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';
import { Bus } from '../../platform/realtime/bus/bus.js';
import { OutboxRelay } from './outbox-relay.js';
import { DisableWebhook } from './record-attempt.js';
import { DeliveriesDue, WebhooksChanged } from './webhooks.events.js';

const POLL_MS = 1000;
/** Commits arrive by the thousand; their outbox rows are read together after this time. */
const BATCH_DELAY_MS = 5;

/**
 * Runs the relay: soon after a commit of this process or, by the bus, of another, and every second in any case, so that
 * a lost hint costs a second. While there is no webhook, a cycle is one look-up.
 */
@Injectable()
export class OutboxPoller implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly cycleWarning = new RepeatedWarning(
    new Logger(OutboxPoller.name),
    'webhooks are delayed: the database is unavailable',
    {
      recovered: 'webhooks are relayed again',
    },
  );
  private readonly relayWarning = new RepeatedWarning(
    new Logger(OutboxPoller.name),
    'webhooks could not be queued; trying again',
    { recovered: 'webhooks are queued again' },
  );
  private cycles: Repeating | undefined;
  private batchTimer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isRequested = false;
  private isClosed = false;
  private hasInterest = false;
  /** The outbox may contain events. A look into it costs as much as a claim. */
  private hasNewEvents = false;

  constructor(
    private readonly relay: OutboxRelay,
    private readonly log: EventLog,
    @Inject(Bus) private readonly bus: Bus,
    private readonly disabling: DisableWebhook,
  ) {}

  onApplicationBootstrap(): void {
    this.log.onCommit(() => this.onCommit());
    this.bus.subscribe(({ kind }) => {
      if (kind === 'heads') this.onCommit();
    });
    this.cycles = Repeating.every(POLL_MS, () => this.runCycle(), { warning: this.cycleWarning, startsNow: true });
  }

  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    await this.cycles?.stop();
    clearTimeout(this.batchTimer);
    await this.running;
  }

  @OnDomainEvent(WebhooksChanged)
  onWebhooksChanged(): void {
    this.hasInterest = true;
  }

  /** There is work: an attempt has ended and freed capacity, or a replay was requested. */
  @OnDomainEvent(DeliveriesDue)
  wake(): void {
    this.isRequested = true;
    if (this.isClosed || this.batchTimer || this.running) return;
    this.batchTimer = setTimeout(() => {
      this.batchTimer = undefined;
      this.run();
    }, BATCH_DELAY_MS);
  }

  private onCommit(): void {
    this.hasNewEvents = true;
    if (this.hasInterest) this.wake();
  }

  private async runCycle(): Promise<void> {
    await this.relay.releaseExpiredClaims();
    this.hasInterest = await this.relay.hasInterest();
    this.hasNewEvents = true;
    this.wake();
    while (!this.isClosed && (await this.disabling.failPendingBatch()));
  }

  private run(): void {
    this.running = this.work().finally(() => {
      this.running = undefined;
      if (this.isRequested) this.wake();
    });
  }

  private async work(): Promise<void> {
    this.isRequested = false;
    try {
      if (this.hasInterest && this.hasNewEvents) {
        this.hasNewEvents = false;
        await this.relay.drain();
      }
      await this.relay.dispatch();
      this.relayWarning.worked();
    } catch (error) {
      this.relayWarning.failed({ err: error });
    }
  }
}
