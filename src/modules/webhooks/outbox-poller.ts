import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { Bus } from '../../platform/realtime/bus/bus.js';
import { DisableWebhook } from './disable-webhook.js';
import { OutboxRelay } from './outbox-relay.js';
import { DeliveriesDue, WebhooksChanged } from './webhooks.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

const SWEEP_MS = 1000;
/** Commits come by the thousand: what they leave in the outbox is taken out in one go. */
const GATHER_MS = 5;

/**
 * When the relay runs: soon after a commit of this process or, by the bus, of another, and every second whatever
 * happens, so that a lost hint costs a second. As long as there is no webhook, a sweep is one look-up.
 */
@Injectable()
export class OutboxPoller implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly unswept = new RepeatedWarning(new Logger(OutboxPoller.name), 'webhooks wait for the database', {
    over: 'webhooks are swept again',
  });
  private readonly undelivered = new RepeatedWarning(
    new Logger(OutboxPoller.name),
    'webhooks could not be handed over; trying again',
    { over: 'webhooks are handed over again' },
  );
  private sweeping: NodeJS.Timeout | undefined;
  private gathering: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isAsked = false;
  private isClosed = false;
  private hasInterest = false;
  /** The outbox may hold something: looking into it costs as much as a claim. */
  private hasNewEvents = false;

  constructor(
    private readonly relay: OutboxRelay,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
    @Inject(Bus) private readonly bus: Bus,
    private readonly disabling: DisableWebhook,
  ) {}

  onApplicationBootstrap(): void {
    this.log.onCommit(() => this.onCommit());
    this.bus.subscribe(({ kind }) => {
      if (kind === 'heads') this.onCommit();
    });
    this.events.on(DeliveriesDue, () => this.wake());
    this.events.on(WebhooksChanged, () => {
      this.hasInterest = true;
    });
    this.sweeping = setInterval(() => void this.sweep(), SWEEP_MS).unref();
    void this.sweep();
  }

  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.sweeping);
    clearTimeout(this.gathering);
    await this.running;
  }

  /** There is something to do now: a try has ended and made room, somebody asked for a replay. */
  wake(): void {
    this.isAsked = true;
    if (this.isClosed || this.gathering || this.running) return;
    this.gathering = setTimeout(() => {
      this.gathering = undefined;
      this.run();
    }, GATHER_MS);
  }

  private onCommit(): void {
    this.hasNewEvents = true;
    if (this.hasInterest) this.wake();
  }

  private async sweep(): Promise<void> {
    try {
      await this.relay.rescue();
      this.hasInterest = await this.relay.hasInterest();
      this.hasNewEvents = true;
      this.wake();
      while (!this.isClosed && (await this.disabling.failNext()));
      this.unswept.worked();
    } catch (error) {
      this.unswept.failed({ err: error });
    }
  }

  private run(): void {
    this.running = this.work().finally(() => {
      this.running = undefined;
      if (this.isAsked) this.wake();
    });
  }

  private async work(): Promise<void> {
    this.isAsked = false;
    try {
      if (this.hasInterest && this.hasNewEvents) {
        this.hasNewEvents = false;
        await this.relay.drain();
      }
      await this.relay.dispatch();
      this.undelivered.worked();
    } catch (error) {
      this.undelivered.failed({ err: error });
    }
  }
}
