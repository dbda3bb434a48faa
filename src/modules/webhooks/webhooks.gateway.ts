import type { OnModuleInit } from '@nestjs/common';
import { EventCatalogue } from '../../platform/event-log/event-catalogue.js';
import type { PresentedEvent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { Gateway } from '../../platform/realtime/commands/frames.js';
import { WEBHOOK_DISABLED } from './webhooks.events.js';

/** Socket edge of webhooks: notifies the owner of a disabled webhook. It has no commands. */
@Gateway()
export class WebhooksGateway implements OnModuleInit {
  constructor(private readonly catalogue: EventCatalogue) {}

  onModuleInit(): void {
    const present = (events: StreamEvent[]): Promise<PresentedEvent[]> => Promise.resolve(events.map(presentDisabled));
    this.catalogue.declare({ type: WEBHOOK_DISABLED, present });
  }
}

function presentDisabled({ subjectId, payload }: StreamEvent): PresentedEvent {
  return { data: { webhook_id: subjectId, reason: payload?.reason } };
}
