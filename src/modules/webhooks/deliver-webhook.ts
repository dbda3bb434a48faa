import { Injectable } from '@nestjs/common';
import { AttemptsRepository, type DueDelivery } from './attempts.repository.js';
import { DisableWebhook } from './disable-webhook.js';
import { PrepareWebhook } from './prepare-webhook.js';
import { GONE, RetryRules } from './retry-rules.js';
import { type AttemptResult, WebhookClient } from './webhook-client.js';
import { signWebhook } from './webhook-signature.js';
import type { DeliveryJob } from './delivery-job.js';

/**
 * One try of one delivery: whether its webhook may still hear of it, what is left of it to tell, the call, and how it
 * goes on. Should the process die in it, it is tried again: at least once, with the same id.
 */
@Injectable()
export class DeliverWebhook {
  constructor(
    private readonly repository: AttemptsRepository,
    private readonly preparing: PrepareWebhook,
    private readonly client: WebhookClient,
    private readonly disabling: DisableWebhook,
    private readonly rules: RetryRules,
  ) {}

  async deliver(job: DeliveryJob): Promise<void> {
    const due = await this.repository.load(job);
    if (!due) return;
    const obstacle = due.is_disabled ? 'webhook_disabled' : due.is_visible ? undefined : 'not_visible';
    const data = obstacle === undefined ? await this.preparing.dataOf(due) : undefined;
    if (data === undefined) await this.repository.cancel(due.id, obstacle ?? 'nothing_left');
    else await this.send(due, data);
  }

  private async send(due: DueDelivery, data: object): Promise<void> {
    const attempt = await this.attempt(due, data);
    const verdict = this.rules.judge(attempt, due.tries);
    const failingSeconds = await this.repository.record(due.id, attempt, verdict);
    if (attempt.statusCode === GONE) await this.disabling.disable(due.webhook_id, due.user_id, 'gone');
    else if (this.rules.isTooLong(failingSeconds)) {
      await this.disabling.disable(due.webhook_id, due.user_id, 'failing');
    }
  }

  private async attempt(due: DueDelivery, data: object): Promise<AttemptResult> {
    const secrets = this.preparing.secretsOf(due);
    const at = new Date();
    if (!secrets) {
      const nothing = { statusCode: null, answer: null, retryAfterSeconds: null };
      return { at, durationMs: 0, error: 'secret_unreadable', ...nothing };
    }
    const content = { id: due.event_id, event: due.type, at: due.at, data };
    return this.client.post(due.url, signWebhook(content, secrets, at));
  }
}
