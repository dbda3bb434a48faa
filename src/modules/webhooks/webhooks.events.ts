import { DomainEvent } from '../../platform/event-log/domain-events.js';

/** Durable, on the owner's own stream; the subject is the webhook, the payload `{reason}`. */
export const WEBHOOK_DISABLED = 'webhook.disabled';

/** A call nobody subscribes to: only `POST /webhooks/{id}/ping` makes it. */
export const WEBHOOK_PING = 'webhook.ping';

/** What the address of a webhook has to answer before its first event: `data` is `{webhook_id, challenge}`. */
export const WEBHOOK_VERIFICATION = 'webhook.verification';

/** There is something to deliver now; whoever delivers in this process need not wait for its sweep. */
export class DeliveriesDue extends DomainEvent {
  readonly type = 'webhook.deliveries_due';
}

/** A webhook wants to hear of more than before, or its address is to be verified. */
export class WebhooksChanged extends DomainEvent {
  readonly type = 'webhook.changed';
}
