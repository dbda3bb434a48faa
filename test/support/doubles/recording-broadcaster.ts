import type { SystemRole } from '../../../src/platform/identity/actor.js';
import { Broadcaster, type Signal } from '../../../src/platform/realtime/fan-out/broadcaster.js';

/** Records each call with its arguments, in the order of the calls. */
export class RecordingBroadcaster extends Broadcaster {
  readonly calls: (readonly unknown[])[] = [];

  toStream(streamId: string, signal: Signal): void {
    this.calls.push(['toStream', streamId, signal]);
  }

  toUsers(userIds: string[], signal: Signal): void {
    this.calls.push(['toUsers', userIds, signal]);
  }

  disconnectSessions(userId: string, sessionIds: string[], reason: string): void {
    this.calls.push(['disconnectSessions', userId, sessionIds, reason]);
  }

  disconnectSessionKeys(userId: string): void {
    this.calls.push(['disconnectSessionKeys', userId]);
  }

  disconnectServerKey(keyId: string): void {
    this.calls.push(['disconnectServerKey', keyId]);
  }

  changeRole(userId: string, role: SystemRole): void {
    this.calls.push(['changeRole', userId, role]);
  }

  disconnectUser(userId: string, reason: string): void {
    this.calls.push(['disconnectUser', userId, reason]);
  }
}
