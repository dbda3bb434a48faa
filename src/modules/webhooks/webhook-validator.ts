import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Actor } from '../../platform/http/actor.js';
import { hostNameOf, isHostIn } from '../../platform/http/host-names.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import { requireNone } from '../../platform/validation/ruled-by.js';
import { isAllowedAddress } from './ssrf-guard.js';
import { problemsOfWebhook, type WebhookInput } from './webhook-rules.js';
import { WebhookResolver } from './webhook-resolver.js';
import { TooManyWebhooks, TooManyWebhooksForHost } from './webhooks.errors.js';
import { requireSecret, WebhookSecrets } from './webhook-secrets.js';
import { hostOf } from './webhook-url.js';

/** What is checked of a webhook before it is stored: where it goes, what it signs with, whether there is room for it. */
@Injectable()
export class WebhookValidator {
  constructor(
    private readonly resolver: WebhookResolver,
    private readonly secrets: WebhookSecrets,
    private readonly config: Config,
    private readonly limits: Limits,
  ) {}

  /**
   * Answers the address in its one normal form. A name that does not resolve (yet) is taken: it is judged again at every
   * try, and that is what counts.
   * @throws ValidationError with everything that is wrong
   */
  async require(input: WebhookInput): Promise<URL | undefined> {
    const problems = problemsOfWebhook(input, this.config);
    const isUrlSound = input.url !== undefined && !problems.some(({ field }) => field === 'url');
    const url = isUrlSound ? new URL(input.url!) : undefined;
    if (url && !(await this.leadsOutside(url))) {
      problems.push({ field: 'url', reason: 'must not point into a private network' });
    }
    requireNone(problems);
    return url;
  }

  private async leadsOutside(url: URL): Promise<boolean> {
    const allowPrivate = this.config.webhookAllowPrivateNetwork;
    const addresses = await this.resolver.resolve(hostOf(url));
    return addresses.every((address) => isAllowedAddress(address, { allowPrivate }));
  }

  /** @throws TooManyWebhooks */
  requireRoom(count: number): void {
    const { webhookMaxPerUser: max } = this.config;
    if (count >= max) throw new TooManyWebhooks(max);
  }

  /** @throws TooManyWebhooksForHost */
  requireRoomAt(host: string, count: number): void {
    const { webhookMaxPerHost: max } = this.config;
    if (count >= max) throw new TooManyWebhooksForHost(host, max);
  }

  /** Whether an address needs no challenge, and none of the room at its host: an admin, or the operator, answers for it. */
  isTrusted(url: URL, { isAdmin }: { isAdmin: boolean }): boolean {
    return isAdmin || isHostIn(this.config.webhookTrustedHosts, hostNameOf(url));
  }

  /**
   * Counts a challenge for the actor and for the host, so that asking is no attack itself, and does `work`; what fails
   * costs nothing.
   * @throws RateLimitExceeded, and what `work` throws
   */
  async countChallenge<T>(actor: Actor, url: URL, work: () => Promise<T>): Promise<T> {
    const host = `host:${hostNameOf(url)}`;
    await this.limits.check('webhook.verification', actor);
    try {
      await this.limits.checkSubject('webhook.verification.host', host);
    } catch (error) {
      await this.limits.refund('webhook.verification', actor);
      throw error;
    }
    try {
      return await work();
    } catch (error) {
      await this.limits.refund('webhook.verification', actor);
      await this.limits.refundSubject('webhook.verification.host', host);
      throw error;
    }
  }

  /** The given secret, or a new one, and the box it is kept in. @throws ValidationError */
  makeSecret(webhookId: string, given: string | undefined): { secret: string; box: Buffer } {
    const secret = given === undefined ? this.secrets.make() : requireSecret(given);
    return { secret, box: this.secrets.seal(webhookId, secret) };
  }
}
