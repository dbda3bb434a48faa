import { Injectable, Logger } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { type DisabledWhy, WebhooksRepository } from './webhooks.repository.js';
import { WEBHOOK_DISABLED } from './webhooks.events.js';

/** Disables a webhook that cannot be delivered to, and notifies its owner. */
@Injectable()
export class DisableWebhook {
  private readonly logger = new Logger(DisableWebhook.name);

  constructor(
    private readonly repository: WebhooksRepository,
    private readonly log: EventLog,
  ) {}

  /** Takes effect once: a second call finds the webhook disabled and does nothing. */
  async disable(webhookId: string, ownerId: string, why: Exclude<DisabledWhy, 'owner'>): Promise<void> {
    const isDisabled = await this.log.write(ownerId, async (tx) => {
      if (!(await this.repository.disable(tx, webhookId, why))) return false;
      tx.append({ type: WEBHOOK_DISABLED, actorId: null, subjectId: webhookId, payload: { reason: why } });
      return true;
    });
    if (isDisabled) this.logger.warn({ webhook_id: webhookId, reason: why }, 'a webhook was disabled');
  }

  /** Records some of what was waiting for disabled webhooks as failed; returns false when nothing was left. */
  failNext(): Promise<boolean> {
    return this.repository.failNext();
  }
}
