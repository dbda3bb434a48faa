import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Actor } from '../../platform/identity/actor.js';
import { hostNameOf, isHostIn } from '../../platform/http/host-names.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { isAllowedIp } from '../../platform/outbound/ssrf-guard.js';
import { problemsOfWebhook, type WebhookInput } from './webhook-fields.policy.js';
import { NameResolver } from '../../platform/outbound/name-resolver.js';
import { TooManyWebhooks, TooManyWebhooksForHost } from './webhooks.errors.js';
import { requireSecret, WebhookSecrets } from './webhook-secrets.js';
import { hostOf } from '../../platform/outbound/guarded-request.js';
import { WEBHOOK_HOST_VERIFICATION_LIMIT, WEBHOOK_VERIFICATION_LIMIT } from './webhooks.limits.js';

/** Validates a webhook before it is stored: its URL, its secret and the quotas. */
@Injectable()
export class WebhookValidator {
  constructor(
    private readonly resolver: NameResolver,
    private readonly secrets: WebhookSecrets,
    private readonly config: Config,
    private readonly limits: Limits,
  ) {}

  /**
   * Returns the URL in its normal form. A name that does not resolve (yet) is accepted: it is validated again at every
   * attempt.
   * @throws ValidationError with everything that is wrong
   */
  async validate(input: WebhookInput): Promise<URL | undefined> {
    const problems = problemsOfWebhook(input, this.config);
    const isUrlSound = input.url !== undefined && !problems.some(({ field }) => field === 'url');
    const url = isUrlSound ? new URL(input.url!) : undefined;
    if (url && !(await this.resolvesToAllowed(url))) {
      problems.push({ field: 'url', reason: 'must not point into a private network' });
    }
    throwProblems(problems);
    return url;
  }

  private async resolvesToAllowed(url: URL): Promise<boolean> {
    const allowPrivate = this.config.webhookAllowPrivateNetwork;
    const addresses = await this.resolver.resolve(hostOf(url));
    return addresses.every((address) => isAllowedIp(address, { allowPrivate }));
  }

  /** @throws TooManyWebhooks */
  requireQuota(count: number): void {
    const { webhookMaxPerUser: max } = this.config;
    if (count >= max) throw new TooManyWebhooks(max);
  }

  /** @throws TooManyWebhooksForHost */
  requireHostQuota(host: string, count: number): void {
    const { webhookMaxPerHost: max } = this.config;
    if (count >= max) throw new TooManyWebhooksForHost(host, max);
  }

  /**
   * Whether a URL needs no challenge and is exempt from the quota of its host: an admin, or the operator, vouches for
   * it.
   */
  isTrusted(url: URL, { isAdmin }: { isAdmin: boolean }): boolean {
    return isAdmin || isHostIn(this.config.webhookTrustedHosts, hostNameOf(url));
  }

  /**
   * Counts a challenge against the limits of the actor and the host, so that challenges cannot be used as an attack,
   * and calls `work`. A failure of `work` is not counted.
   * @throws RateLimitExceeded, and what `work` throws
   */
  async countChallenge<T>(actor: Actor, url: URL, work: () => Promise<T>): Promise<T> {
    const host = `host:${hostNameOf(url)}`;
    await this.limits.check(WEBHOOK_VERIFICATION_LIMIT, actor);
    try {
      await this.limits.checkSubject(WEBHOOK_HOST_VERIFICATION_LIMIT, host);
    } catch (error) {
      await this.limits.refund(WEBHOOK_VERIFICATION_LIMIT, actor);
      throw error;
    }
    try {
      return await work();
    } catch (error) {
      await this.limits.refund(WEBHOOK_VERIFICATION_LIMIT, actor);
      await this.limits.refundSubject(WEBHOOK_HOST_VERIFICATION_LIMIT, host);
      throw error;
    }
  }

  /** Returns the given secret, or a new one, and its ciphertext. @throws ValidationError */
  createSecret(webhookId: string, given: string | undefined): { secret: string; ciphertext: Buffer } {
    const secret = given === undefined ? this.secrets.generate() : requireSecret(given);
    return { secret, ciphertext: this.secrets.encrypt(webhookId, secret) };
  }
}
