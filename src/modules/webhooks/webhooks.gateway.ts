import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { Gateway } from '../../platform/realtime/commands/gateway.decorators.js';
import { WEBHOOK_DISABLED, WebhookDisabledData } from './webhooks.events.js';

/** Socket edge of webhooks: notifies the owner of a disabled webhook. It has no commands. */
@Gateway()
export class WebhooksGateway {
  @DurableEvent(WEBHOOK_DISABLED, {
    summary: 'In the user’s own stream: a webhook of the user was disabled.',
    data: WebhookDisabledData,
  })
  renderDisabled(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({ data: { webhook_id: subjectId, reason: payload?.reason } }));
  }
}
