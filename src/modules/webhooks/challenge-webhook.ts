import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents, OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { ChallengesRepository, type ClaimedChallenge } from './challenges.repository.js';
import { DisableWebhook } from './record-attempt.js';
import { jittered } from './retry-policy.js';
import { WebhookClient } from './webhook-client.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { signWebhook } from './webhook-signature.js';
import { DeliveriesDue, WEBHOOK_VERIFICATION, WebhooksChanged } from './webhooks.events.js';
import { MAX_CHALLENGES } from './webhooks.repository.js';
import { Repeating } from '../../platform/concurrency/repeating.js';
import { Config } from '../../platform/config/config.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/** The first delay gives receivers time that learn their secret only from the response that created the webhook. */
const DELAYS_SECONDS = [5, 60];
const NOT_ANSWERED = 'challenge_not_answered';
const CHALLENGE_BYTES = 32;
/** How much of a response is read: enough for a challenge among other members, or with spaces around it. */
const EXCERPT_CHARACTERS = 4096;

/**
 * Verifies that the URL of a webhook agrees to receive events. It sends a random challenge, signed like every delivery,
 * which the receiver has to return. A server that responds 2xx to everything, or echoes the request, has not agreed.
 * For a target in a private network every failure has the same error and duration, so that challenges cannot scan its
 * ports.
 */
@Injectable()
export class ChallengeWebhook {
  constructor(
    private readonly repository: ChallengesRepository,
    private readonly secrets: WebhookSecrets,
    private readonly client: WebhookClient,
    private readonly disabling: DisableWebhook,
    private readonly events: DomainEvents,
  ) {}

  /** Sends one challenge and records the result. When the last challenge fails the webhook is disabled. */
  async challenge(claim: ClaimedChallenge): Promise<void> {
    const isLast = claim.challenge_tries >= MAX_CHALLENGES;
    const error = claim.challenge_tries > MAX_CHALLENGES ? 'worker_died' : await this.send(claim);
    if (error === undefined) {
      if (await this.repository.succeed(claim)) this.events.publish(new DeliveriesDue());
      return;
    }
    await this.repository.fail(claim, error, jittered(DELAYS_SECONDS[claim.challenge_tries - 1] ?? 0));
    if (isLast) await this.disabling.disable(claim.webhook_id, claim.user_id, 'unverified');
  }

  /** Returns why the URL is not verified, as a code of ours; undefined when it is. */
  private async send({ webhook_id, url, ...encrypted }: ClaimedChallenge): Promise<string | undefined> {
    const secrets = this.secrets.decryptAll({ webhook_id, ...encrypted });
    if (!secrets) return 'secret_unreadable';
    const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
    const at = new Date();
    const content = { id: newId(), event: WEBHOOK_VERIFICATION, at, data: { webhook_id, challenge } };
    const attempt = await this.client.post(url, signWebhook(content, secrets, at), {
      maxCharacters: EXCERPT_CHARACTERS,
    });
    if (attempt.error === null && containsChallenge(attempt.answer ?? '', challenge)) return undefined;
    if (!attempt.isPrivate) return attempt.error ?? NOT_ANSWERED;
    // Neither the error nor the duration may reveal what listens inside a private network.
    await this.client.waitOut(attempt);
    return NOT_ANSWERED;
  }
}

/** The response is `{"challenge": "…"}`, or the challenge alone as text. */
function containsChallenge(answer: string, challenge: string): boolean {
  const text = answer.trim();
  return isSame(text, challenge) || isSame(challengeIn(text), challenge);
}

function challengeIn(text: string): string {
  try {
    const { challenge } = JSON.parse(text) as { challenge?: unknown };
    return typeof challenge === 'string' ? challenge : '';
  } catch {
    return ''; // not JSON, or null
  }
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

const POLL_MS = 1000;
/** Challenges in progress at a time in this process, each of another account. */
const MAX_CONCURRENT = 50;
/** Added to the longest duration of a challenge before it counts as lost with its process. */
const CLAIM_MARGIN_SECONDS = 5;

/** Sends due challenges: soon after a webhook was created or changed in this process, and every second in any case. */
@Injectable()
export class ChallengePoller implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly warning = new RepeatedWarning(
    new Logger(ChallengePoller.name),
    'challenges of webhooks are delayed: the database is unavailable',
    { recovered: 'challenges of webhooks are sent again' },
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
    const seconds = this.config.webhookTimeoutMs / 1000 + CLAIM_MARGIN_SECONDS;
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
