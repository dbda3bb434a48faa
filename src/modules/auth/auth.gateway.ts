import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { Gateway } from '../../platform/realtime/commands/gateway.decorators.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { SESSION_REVOKED, SessionKeysEnded, SessionRevokedData, SessionsRevoked } from './auth.events.js';

/**
 * Socket edge of auth: closes the connections of sessions and session keys that have ended. Frames are authenticated by
 * the Authenticator.
 */
@Gateway()
export class AuthGateway {
  constructor(private readonly broadcaster: Broadcaster) {}

  @DurableEvent(SESSION_REVOKED, {
    summary: 'In the user’s own stream: a session of the user has ended.',
    data: SessionRevokedData,
  })
  renderRevoked(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({ data: { session_id: subjectId, reason: payload?.reason } }));
  }

  @OnDomainEvent(SessionsRevoked)
  disconnectSessions({ userId, sessionIds }: SessionsRevoked): void {
    if (userId !== SYSTEM_USER_ID) return this.broadcaster.disconnectSessions(userId, sessionIds, 'revoked');
    // The sessions of the system account are server keys, which also have connections of other users.
    for (const keyId of sessionIds) this.broadcaster.disconnectServerKey(keyId);
  }

  @OnDomainEvent(SessionKeysEnded)
  disconnectSessionKeys({ userId }: SessionKeysEnded): void {
    this.broadcaster.disconnectSessionKeys(userId);
  }
}
