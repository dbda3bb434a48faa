import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { DecoratedMethods } from '../../discovery/decorated-methods.js';
import { type Actor, ownServerKeyOf } from '../../identity/actor.js';
import type { KnownRole } from '../../identity/authenticator.js';
import { CLOSE_REASONS, type CloseReason } from './close-reasons.js';
import { type ConnectionChanges, type ConnectionEnding, ON_CONNECTION } from './connection-changes.js';
import type { LiveConnection } from './live-connection.js';
import { RealtimeSettings } from './realtime-settings.js';
import { type TimerEntry, TimerWheel } from './timer-wheel.js';
import type { Transport } from '../transport/transport.js';

/** A connection from its upgrade to its close, before and after its client has signed in. */
export interface ManagedConnection extends LiveConnection, TimerEntry {
  /** The rate limit key of the client's IP address. */
  readonly ipKey: string;
  readonly kind: Transport['kind'];
  readonly ageMs: number;
  readonly isSignedIn: boolean;
  readonly isClosed: boolean;
  /** Requests without a reply so far. */
  readonly inFlight: number;
  /** Whether the observers were notified of this connection. */
  announced: boolean;
  /** Uses the role, and the expiry, of a new credential of the same user. */
  renew(actor: Actor): void;
  closeWith(reason: CloseReason): void;
}

type Observer = (changed: ConnectionChanges[keyof ConnectionChanges]) => void;

/** Connections by key. Nearly all keys have one connection, which is stored without a set. */
class Index {
  private readonly entries = new Map<string, ManagedConnection | Set<ManagedConnection>>();

  get(key: string): Iterable<ManagedConnection> {
    const entry = this.entries.get(key);
    return entry === undefined ? [] : entry instanceof Set ? entry : [entry];
  }

  count(key: string): number {
    const entry = this.entries.get(key);
    return entry === undefined ? 0 : entry instanceof Set ? entry.size : 1;
  }

  keys(): Iterable<string> {
    return this.entries.keys();
  }

  add(key: string, connection: ManagedConnection): void {
    const entry = this.entries.get(key);
    if (entry === undefined) this.entries.set(key, connection);
    else if (entry instanceof Set) entry.add(connection);
    else this.entries.set(key, new Set([entry, connection]));
  }

  remove(key: string, connection: ManagedConnection): void {
    const entry = this.entries.get(key);
    if (entry === connection || (entry instanceof Set && entry.delete(connection) && entry.size === 0)) {
      this.entries.delete(key);
    }
  }
}

/** All connections of this node, by user, session, session key and IP address. */
@Injectable()
export class Connections implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly wheel: TimerWheel;
  /** Connections with something queued. */
  readonly slow = new Set<{ checkDeadlines(): void }>();
  /** Counts closed connections by the close code of this server; `left` where the client or the network closed it. */
  readonly closedByCode = new Map<string, number>();
  private readonly all = new Set<ManagedConnection>();
  private readonly byUser = new Index();
  private readonly bySession = new Index();
  private readonly bySessionKey = new Index();
  private readonly byIp = new Map<string, number>();
  private readonly observers: Record<keyof ConnectionChanges, Observer[]> = { opened: [], closed: [], refused: [] };

  constructor(
    private readonly settings: RealtimeSettings,
    private readonly config: Config,
  ) {
    this.wheel = new TimerWheel(settings.tickMs, () => {
      for (const connection of this.slow) connection.checkDeadlines();
    });
  }

  onApplicationBootstrap(): void {
    this.wheel.start();
  }

  onApplicationShutdown(): void {
    this.wheel.stop();
  }

  get size(): number {
    return this.all.size;
  }

  [Symbol.iterator](): Iterator<ManagedConnection> {
    return this.all.values();
  }

  /** Adds the methods marked `@OnConnection`. */
  registerDecorated(methods: DecoratedMethods): void {
    for (const { options, method } of methods.of<keyof ConnectionChanges, Observer>(ON_CONNECTION)) {
      this.observers[options].push(method);
    }
  }

  /** Whether this IP address may open one more connection. */
  hasCapacityFor(ipKey: string): boolean {
    return (this.byIp.get(ipKey) ?? 0) < this.scaled(this.config.socketsPerAddress);
  }

  add(connection: ManagedConnection): void {
    this.all.add(connection);
    this.byIp.set(connection.ipKey, (this.byIp.get(connection.ipKey) ?? 0) + 1);
  }

  /**
   * Indexes a connection by user and session. Returns false if the user is at the limit. An account that many
   * people share is exempt.
   */
  addSignedIn(connection: ManagedConnection, { userId, sessionId, keyId, rateLimitKey }: Actor): boolean {
    const isFull = this.byUser.count(userId) >= this.scaled(this.settings.socketsPerUser);
    if (isFull && rateLimitKey === undefined) return false;
    this.byUser.add(userId, connection);
    this.bySession.add(sessionId, connection);
    if (keyId !== undefined) this.bySessionKey.add(keyId, connection);
    return true;
  }

  announce(connection: ManagedConnection): void {
    connection.announced = true;
    const { id, kind, ageMs: openedInMs } = connection;
    const { userId, serverKey } = connection.actor;
    this.notify('opened', { id, userId, isOfServerKey: serverKey !== undefined, kind, openedInMs });
  }

  /** Notifies observers of a refused upgrade, by the code of its error. */
  notifyRefused(code: string): void {
    this.notify('refused', code);
  }

  /** Extends a connection with a new credential of the same user. */
  renew(connection: LiveConnection, actor: Actor): void {
    if (this.isOpen(connection)) connection.renew(actor);
  }

  moveSession(connection: ManagedConnection, { sessionId, keyId }: Actor): void {
    this.bySession.remove(connection.actor.sessionId, connection);
    this.bySession.add(sessionId, connection);
    if (connection.actor.keyId !== undefined) this.bySessionKey.remove(connection.actor.keyId, connection);
    if (keyId !== undefined) this.bySessionKey.add(keyId, connection);
  }

  remove(connection: ManagedConnection, ending: ConnectionEnding, code?: number): void {
    if (!this.all.delete(connection)) return;
    const label = String(code ?? 'left');
    this.closedByCode.set(label, (this.closedByCode.get(label) ?? 0) + 1);
    this.wheel.cancel(connection);
    const left = (this.byIp.get(connection.ipKey) ?? 1) - 1;
    if (left > 0) this.byIp.set(connection.ipKey, left);
    else this.byIp.delete(connection.ipKey);
    if (!connection.isSignedIn) return;
    const { userId, sessionId, keyId } = connection.actor;
    this.byUser.remove(userId, connection);
    this.bySession.remove(sessionId, connection);
    if (keyId !== undefined) this.bySessionKey.remove(keyId, connection);
    this.notify('closed', { id: connection.id, userId, sessionId, ending });
  }

  ofUser(userId: string): Iterable<ManagedConnection> {
    return this.byUser.get(userId);
  }

  /**
   * The connected users, with the role that their connections use; not the backend of the host, whose role is fixed.
   */
  knownRoles(): KnownRole[] {
    return [...this.byUser.keys()].flatMap((userId) => {
      const [connection] = this.byUser.get(userId);
      return connection && !ownServerKeyOf(connection.actor) ? [{ userId, role: connection.actor.role }] : [];
    });
  }

  sessionIds(): string[] {
    return [...this.bySession.keys()];
  }

  keyIds(): string[] {
    return [...this.bySessionKey.keys()];
  }

  /** Closes the connections of this node that were opened with these session keys, at once. */
  disconnectSessionKeys(keyIds: readonly string[]): void {
    for (const keyId of keyIds) {
      for (const connection of [...this.bySessionKey.get(keyId)]) connection.closeWith(CLOSE_REASONS.revoked);
    }
  }

  /** Closes the connections of these sessions on this node, at once. */
  disconnectSessions(sessionIds: readonly string[], reason: 'revoked' | 'banned' | 'replaced' | 'expired'): void {
    const closeReason = reason === 'expired' ? CLOSE_REASONS.sessionExpired : CLOSE_REASONS[reason];
    for (const sessionId of sessionIds) {
      for (const connection of [...this.bySession.get(sessionId)]) connection.closeWith(closeReason);
    }
  }

  private isOpen(connection: LiveConnection): connection is ManagedConnection {
    const all: ReadonlySet<LiveConnection> = this.all;
    return all.has(connection);
  }

  private notify<Change extends keyof ConnectionChanges>(change: Change, changed: ConnectionChanges[Change]): void {
    for (const observe of this.observers[change]) observe(changed);
  }

  private scaled(limit: number): number {
    return Math.max(1, Math.floor(limit * this.config.rateLimitMultiplier));
  }
}
