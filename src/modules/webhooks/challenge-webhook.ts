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
import { MAX_CHALLENGES } from './webhooks.repository.js';

/** The first delay gives receivers time that learn their secret only from the response that created the webhook. */
const DELAYS_SECONDS = [5, 60];
const NOT_ANSWERED = 'challenge_not_answered';
const CHALLENGE_BYTES = 32;
/** Of a response: enough for a challenge among other members, or with spaces around it. */
const KEPT_CHARACTERS = 4096;

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
    const secrets = this.secrets.openAll({ webhook_id, ...encrypted });
    if (!secrets) return 'secret_unreadable';
    const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
    const at = new Date();
    const content = { id: newId(), event: WEBHOOK_VERIFICATION, at, data: { webhook_id, challenge } };
    const attempt = await this.client.post(url, signWebhook(content, secrets, at), KEPT_CHARACTERS);
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
