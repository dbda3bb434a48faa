import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../platform/event-log/domain-events.js';

/** Durable, on the owner's own stream; the subject is the webhook, the payload `{reason}`. */
export const WEBHOOK_DISABLED = 'webhook.disabled';

/** Not in the catalogue: sent only by `POST /webhooks/{id}/ping`. */
export const WEBHOOK_PING = 'webhook.ping';

/** The challenge that a URL has to return before its first event: `data` is `{webhook_id, challenge}`. */
export const WEBHOOK_VERIFICATION = 'webhook.verification';

/** The check of a message by the host, before the message is stored. */
export const MESSAGE_BEFORE_SEND = 'message.before_send';

/** A delivery is due; the poller of this process does not wait for its next cycle. */
export class DeliveriesDue extends DomainEvent {
  readonly type = 'webhook.deliveries_due';
}

/** A webhook was created or changed: it may subscribe to more events, or its URL is to be verified. */
export class WebhooksChanged extends DomainEvent {
  readonly type = 'webhook.changed';
}

export class WebhookDisabledData {
  @ApiProperty({ format: 'uuid' })
  webhook_id: string;

  @ApiProperty({ enum: ['gone', 'failing', 'unverified'] })
  reason: string;
}
