import { Injectable } from '@nestjs/common';
import type { SystemRole } from '../../identity/actor.js';
import { Broadcaster, type Signal } from './broadcaster.js';
import { Bus, type BusMessage, type EndReason } from '../bus/bus.js';
import { CLOSE_REASONS } from '../connection/close-reasons.js';
import { EncodedFrame } from '../protocol/encoded-frame.js';
import { FanOut } from './fan-out.js';
import type { LiveConnection } from '../connection/live-connection.js';
import { LocalSubscribers } from './local-subscribers.js';

/** Applies signals, session ends and role changes to the connections of this node, and publishes them to the others. */
@Injectable()
export class LocalBroadcaster extends Broadcaster {
  constructor(
    private readonly subscribers: LocalSubscribers,
    private readonly fanOut: FanOut,
    private readonly bus: Bus,
  ) {
    super();
    bus.subscribe((message) => this.apply(message));
  }

  toStream(streamId: string, signal: Signal): void {
    this.broadcast({ kind: 'stream', streamId, signal });
  }

  toUsers(userIds: string[], signal: Signal): void {
    this.broadcast({ kind: 'users', userIds, signal });
  }

  disconnectSessions(userId: string, sessionIds: string[], reason: EndReason): void {
    this.broadcast({ kind: 'end_sessions', userId, sessionIds, reason });
  }

  disconnectSessionKeys(userId: string): void {
    this.broadcast({ kind: 'end_keys', userId });
  }

  disconnectServerKey(keyId: string): void {
    this.broadcast({ kind: 'end_server_key', keyId });
  }

  disconnectUser(userId: string, reason: 'revoked' | 'banned'): void {
    this.broadcast({ kind: 'end_user', userId, reason });
  }

  changeRole(userId: string, role: SystemRole): void {
    this.broadcast({ kind: 'role', userId, role });
  }

  private broadcast(message: BusMessage): void {
    this.apply(message);
    this.bus.publish(message);
  }

  private apply(message: BusMessage): void {
    if (message.kind === 'stream') this.signalStream(message.streamId, message.signal);
    else if (message.kind === 'users') this.signalUsers(message.userIds, message.signal);
    else if (message.kind === 'end_sessions') this.closeSessions(message);
    else if (message.kind === 'end_keys') this.closeKeys(message.userId);
    else if (message.kind === 'end_server_key') this.closeServerKey(message.keyId);
    else if (message.kind === 'end_user') this.closeUser(message.userId, message.reason);
    else if (message.kind === 'role') this.changeRoles(message.userId, message.role);
  }

  private signalStream(streamId: string, { type, data, class: frameClass, ...routing }: Signal): void {
    const dispatcher = this.fanOut.findDispatcher(streamId);
    if (!dispatcher) return;
    const frame = EncodedFrame.of(type, { conversation_id: streamId, data });
    dispatcher.signal(frame, frameClass, routing);
  }

  private signalUsers(userIds: readonly string[], { type, data, class: frameClass, key, exceptUserId }: Signal): void {
    let frame: EncodedFrame | undefined;
    for (const userId of userIds) {
      const user = userId === exceptUserId ? undefined : this.subscribers.get(userId);
      if (!user) continue;
      frame ??= EncodedFrame.of(type, { data });
      for (const connection of user.connections) connection.deliver(frame, frameClass, { key });
    }
  }

  private closeSessions({ userId, sessionIds, reason }: BusMessage & { kind: 'end_sessions' }): void {
    const ended = new Set(sessionIds);
    for (const connection of this.subscribers.get(userId)?.connections ?? []) {
      if (ended.has(connection.actor.sessionId)) this.close(connection, reason);
    }
  }

  private closeKeys(userId: string): void {
    for (const connection of this.subscribers.get(userId)?.connections ?? []) {
      if (connection.actor.keyId !== undefined) this.close(connection, 'revoked');
    }
  }

  private closeServerKey(keyId: string): void {
    for (const { connections } of [...this.subscribers.all()]) {
      for (const connection of connections)
        if (connection.actor.serverKey?.id === keyId) this.close(connection, 'revoked');
    }
  }

  private changeRoles(userId: string, role: SystemRole): void {
    for (const connection of this.subscribers.get(userId)?.connections ?? []) connection.changeRole(role);
  }

  private closeUser(userId: string, reason: EndReason): void {
    for (const connection of this.subscribers.get(userId)?.connections ?? []) this.close(connection, reason);
  }

  /** Removes the connection from the subscribers first: it receives nothing more, however long closing takes. */
  private close(connection: LiveConnection, reason: EndReason): void {
    this.subscribers.remove(connection);
    connection.close(CLOSE_REASONS[reason].code, CLOSE_REASONS[reason].message);
  }
}
