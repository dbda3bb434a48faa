import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { ChallengesRepository, type ClaimedChallenge } from './challenges.repository.js';
import { DisableWebhook } from './disable-webhook.js';
import { jittered } from './retry-policy.js';
import { WebhookClient } from './webhook-client.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { signWebhook } from './webhook-signature.js';
import { DeliveriesDue, WEBHOOK_VERIFICATION } from './webhooks.events.js';
import { MOST_CHALLENGES } from './webhooks.repository.js';

/** The first wait is for receivers that learn their secret only from the answer that made the webhook. */
const DELAYS_SECONDS = [5, 60];
const NOT_ANSWERED = 'challenge_not_answered';
const CHALLENGE_BYTES = 32;
/** Of an answer: enough for a challenge among other members, or with spaces around it. */
const KEPT_CHARACTERS = 4096;

/**
 * Asks the address of a webhook whether it agrees to be sent events: it is sent a random challenge, signed like every
 * delivery, and has to answer it. A server that answers 2xx to everything, or with what it was sent, has not agreed. Of an
 * address in a private network every failure looks alike and takes as long: a challenge is no scanner of its ports.
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

  /** Sends one challenge and writes down what came of it; after the last one that fails the webhook is disabled. */
  async challenge(claim: ClaimedChallenge): Promise<void> {
    const isLast = claim.challenge_tries >= MOST_CHALLENGES;
    const error = claim.challenge_tries > MOST_CHALLENGES ? 'worker_died' : await this.ask(claim);
    if (error === undefined) {
      if (await this.repository.succeed(claim)) this.events.publish(new DeliveriesDue());
      return;
    }
    await this.repository.fail(claim, error, jittered(DELAYS_SECONDS[claim.challenge_tries - 1] ?? 0));
    if (isLast) await this.disabling.disable(claim.webhook_id, claim.user_id, 'unverified');
  }

  /** Why the address is not verified, in a word of ours; undefined when it is. */
  private async ask({ webhook_id, url, ...boxes }: ClaimedChallenge): Promise<string | undefined> {
    const secrets = this.secrets.openAll({ webhook_id, ...boxes });
    if (!secrets) return 'secret_unreadable';
    const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
    const at = new Date();
    const content = { id: newId(), event: WEBHOOK_VERIFICATION, at, data: { webhook_id, challenge } };
    const attempt = await this.client.post(url, signWebhook(content, secrets, at), KEPT_CHARACTERS);
    if (attempt.error === null && isAnswer(attempt.answer ?? '', challenge)) return undefined;
    if (!attempt.isPrivate) return attempt.error ?? NOT_ANSWERED;
    // What listens at an address inside is told by neither the word nor the time.
    await this.client.waitOut(attempt);
    return NOT_ANSWERED;
  }
}

/** `{"challenge": "…"}`, or the challenge alone as text. */
function isAnswer(answer: string, challenge: string): boolean {
  const text = answer.trim();
  return isSame(text, challenge) || isSame(challengeIn(text), challenge);
}

function challengeIn(text: string): string {
  try {
    const { challenge } = JSON.parse(text) as { challenge?: unknown };
    return typeof challenge === 'string' ? challenge : '';
  } catch {
    return ''; // no JSON, or null
  }
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
