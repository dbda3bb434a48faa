import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';
import { ChallengeWebhook } from './challenge-webhook.js';
import { ChallengesRepository, type ClaimedChallenge } from './challenges.repository.js';
import { WebhooksChanged } from './webhooks.events.js';

const SWEEP_MS = 1000;
/** Challenges under way at once in this process, of as many accounts. */
const MOST_AT_ONCE = 50;
/** Beyond the time a challenge may take, before it counts as lost with its process. */
const RESCUE_MARGIN_SECONDS = 5;

/** When addresses are asked: soon after a webhook was made or changed here, and every second whatever happens. */
@Injectable()
export class ChallengeLoop implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly unclaimed = new RepeatedWarning(
    new Logger(ChallengeLoop.name),
    'challenges of webhooks wait for the database',
    { over: 'challenges of webhooks are sent again' },
  );
  /** By the id of the account: each has one at a time. */
  private readonly underWay = new Map<string, Promise<void>>();
  private sweeping: NodeJS.Timeout | undefined;
  private claiming: Promise<void> | undefined;
  private isAsked = false;
  private isClosed = false;

  constructor(
    private readonly repository: ChallengesRepository,
    private readonly challenging: ChallengeWebhook,
    private readonly events: DomainEvents,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.events.on(WebhooksChanged, () => this.wake());
    this.sweeping = setInterval(() => this.wake(), SWEEP_MS).unref();
    this.wake();
  }

  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.sweeping);
    await this.claiming;
    await Promise.all(this.underWay.values());
  }

  private wake(): void {
    this.isAsked = true;
    if (this.isClosed || this.claiming) return;
    this.claiming = this.claim().finally(() => {
      this.claiming = undefined;
      if (this.isAsked) this.wake();
    });
  }

  private async claim(): Promise<void> {
    this.isAsked = false;
    const room = MOST_AT_ONCE - this.underWay.size;
    if (room <= 0) return;
    const seconds = this.config.webhookTimeoutMs / 1000 + RESCUE_MARGIN_SECONDS;
    try {
      const claims = await this.repository.claim([...this.underWay.keys()], room, seconds);
      for (const claim of claims) this.begin(claim);
      this.unclaimed.worked();
    } catch (error) {
      this.unclaimed.failed({ err: error });
    }
  }

  private begin(claim: ClaimedChallenge): void {
    const challenge = this.challenging
      .challenge(claim)
      .catch((error: unknown) => this.unclaimed.failed({ err: error })) // its claim ends, and it is sent again
      .finally(() => {
        this.underWay.delete(claim.user_id);
        this.wake(); // the next of the same account
      });
    this.underWay.set(claim.user_id, challenge);
  }
}
