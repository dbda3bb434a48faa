import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeating } from '../../platform/concurrency/repeating.js';
import { Config } from '../../platform/config/config.js';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';
import { ChallengeWebhook } from './challenge-webhook.js';
import { ChallengesRepository, type ClaimedChallenge } from './challenges.repository.js';
import { WebhooksChanged } from './webhooks.events.js';

const POLL_MS = 1000;
/** Challenges in progress at a time in this process, each of another account. */
const MAX_CONCURRENT = 50;
/** Added to the longest duration of a challenge before it counts as lost with its process. */
const RESCUE_MARGIN_SECONDS = 5;

/** Sends due challenges: soon after a webhook was created or changed in this process, and every second in any case. */
@Injectable()
export class ChallengeLoop implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly warning = new RepeatedWarning(
    new Logger(ChallengeLoop.name),
    'challenges of webhooks are delayed: the database is unavailable',
    { over: 'challenges of webhooks are sent again' },
  );
  /** By the id of the account, which has one challenge at a time. */
  private readonly inProgress = new Map<string, Promise<void>>();
  private polling: Repeating | undefined;
  private claiming: Promise<void> | undefined;
  private isRequested = false;
  private isClosed = false;

  constructor(
    private readonly repository: ChallengesRepository,
    private readonly challenging: ChallengeWebhook,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.polling = Repeating.every(POLL_MS, () => this.wake(), { startsNow: true });
  }

  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    await this.polling?.stop();
    await this.claiming;
    await Promise.all(this.inProgress.values());
  }

  @OnDomainEvent(WebhooksChanged)
  wake(): void {
    this.isRequested = true;
    if (this.isClosed || this.claiming) return;
    this.claiming = this.claim().finally(() => {
      this.claiming = undefined;
      if (this.isRequested) this.wake();
    });
  }

  private async claim(): Promise<void> {
    this.isRequested = false;
    const capacity = MAX_CONCURRENT - this.inProgress.size;
    if (capacity <= 0) return;
    const seconds = this.config.webhookTimeoutMs / 1000 + RESCUE_MARGIN_SECONDS;
    try {
      const claims = await this.repository.claim([...this.inProgress.keys()], capacity, seconds);
      for (const claim of claims) this.begin(claim);
      this.warning.worked();
    } catch (error) {
      this.warning.failed({ err: error });
    }
  }

  private begin(claim: ClaimedChallenge): void {
    const challenge = this.challenging
      .challenge(claim)
      .catch((error: unknown) => this.warning.failed({ err: error })) // repeated when the claim expires
      .finally(() => {
        this.inProgress.delete(claim.user_id);
        this.wake(); // the next one of the same account
      });
    this.inProgress.set(claim.user_id, challenge);
  }
}
