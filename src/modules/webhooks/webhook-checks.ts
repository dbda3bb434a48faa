import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import { isAllowedAddress } from './address-judge.js';
import { WebhookResolver } from './webhook-resolver.js';
import { TooManyWebhooks } from './webhooks.errors.js';
import { requireSecret, WebhookSecrets } from './webhook-secrets.js';
import { hostOf, WebhookUrls } from './webhook-url.js';

/** What is judged of a webhook before it is stored: where it goes, what it signs with, whether there is room for it. */
@Injectable()
export class WebhookChecks {
  constructor(
    private readonly urls: WebhookUrls,
    private readonly resolver: WebhookResolver,
    private readonly secrets: WebhookSecrets,
    private readonly config: Config,
  ) {}

  /**
   * A name that does not resolve (yet) is taken: it is judged again at every try, and that is what counts.
   * @throws ValidationError
   */
  async requireUrl(text: string): Promise<URL> {
    const url = this.urls.require(text);
    const allowPrivate = this.config.webhookAllowPrivateNetwork;
    const addresses = await this.resolver.resolve(hostOf(url));
    if (!addresses.every((address) => isAllowedAddress(address, { allowPrivate }))) {
      throw ValidationError.of('url', 'must not point into a private network');
    }
    return url;
  }

  /** @throws TooManyWebhooks */
  requireRoom(count: number): void {
    const { webhookMaxPerUser: max } = this.config;
    if (count >= max) throw new TooManyWebhooks(max);
  }

  /** The given secret, or a new one, and the box it is kept in. @throws ValidationError */
  makeSecret(webhookId: string, given: string | undefined): { secret: string; box: Buffer } {
    const secret = given === undefined ? this.secrets.make() : requireSecret(given);
    return { secret, box: this.secrets.seal(webhookId, secret) };
  }
}
