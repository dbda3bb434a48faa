import type { OnModuleInit } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventCatalogue } from '../../platform/event-log/event-catalogue.js';
import type { PresentedEvent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { Gateway } from '../../platform/realtime/commands/frames.js';
import { SESSION_REVOKED, SessionKeysEnded, SessionsRevoked } from './auth.events.js';

/**
 * Socket edge of auth: closes the connections of sessions and session keys that have ended. Frames are authenticated by
 * the Authenticator.
 */
@Gateway()
export class AuthGateway implements OnModuleInit {
  constructor(
    private readonly catalogue: EventCatalogue,
    private readonly events: DomainEvents,
    private readonly broadcaster: Broadcaster,
  ) {}

  onModuleInit(): void {
    this.catalogue.declare({ type: SESSION_REVOKED, present: (events) => Promise.resolve(events.map(presentRevoked)) });
    this.events.on(SessionsRevoked, ({ userId, sessionIds }) =>
      this.broadcaster.endSessions(userId, sessionIds, 'revoked'),
    );
    this.events.on(SessionKeysEnded, ({ userId }) => this.broadcaster.endKeys(userId));
  }
}

function presentRevoked({ subjectId, payload }: StreamEvent): PresentedEvent {
  return { data: { session_id: subjectId, reason: payload?.reason } };
}
