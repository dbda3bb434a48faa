import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Repeating } from '../../platform/concurrency/repeating.js';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import {
  type ClosedConnection,
  OnConnection,
  type OpenedConnection,
} from '../../platform/realtime/connection/connection-changes.js';
import { presentPresence } from './presence-presenter.js';
import { LastSocketClosed, PresenceChanged } from './presence.events.js';
import { type ClosedLease, type Lease, PresenceLeasesRepository } from './presence-leases.repository.js';
import { type PresenceRow, PresenceRepository } from './presence.repository.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

const RENEW_MS = 15_000;
/** With leases of 40 s: users whose node died appear online for at most 41 s. */
const EXPIRE_MS = 1000;
const BATCH_SIZE = 500;

/**
 * Presence as leases in the database: one for each connection, renewed by its node. Closing a connection only shortens
 * its lease to a grace period, so that a client that reconnects in time was never offline: 30 s if the connection was
 * lost, 3 s if the client closed it, none if the session or account was ended. Any node deletes expired leases and
 * announces the changes, whatever the reason of the expiry.
 */
@Injectable()
export class PresenceLeases implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly failures = new RepeatedWarning(new Logger(PresenceLeases.name), 'presence cannot be stored', {
    recovered: 'presence is stored again',
  });
  private readonly nodeId = newId();
  private readonly leases = new Map<string, Lease>();
  private opening: string[] = [];
  private closing: ClosedLease[] = [];
  private flushing: Promise<void> | undefined;
  private loops: Repeating[] = [];

  constructor(
    private readonly repository: PresenceLeasesRepository,
    private readonly presence: PresenceRepository,
    private readonly events: DomainEvents,
  ) {}

  onApplicationBootstrap(): void {
    const options = { warning: this.failures };
    this.loops = [
      Repeating.every(RENEW_MS, () => this.renew(), options),
      Repeating.every(EXPIRE_MS, () => this.expire(), options),
    ];
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.loops.map((loop) => loop.stop()));
    await this.flushing;
    await this.attempt(() => this.repository.closeNodeLeases(this.nodeId));
  }

  @OnConnection('opened')
  opened({ id, userId, isOfServerKey }: OpenedConnection): void {
    if (isOfServerKey) return; // as requests with a server key, its connections make no user online
    this.leases.set(id, { connection_id: id, user_id: userId, is_away: false });
    this.opening.push(id);
    this.flush();
  }

  @OnConnection('closed')
  closed({ id, userId, sessionId, ending }: ClosedConnection): void {
    if (!this.leases.delete(id)) return;
    this.closing.push({ connection_id: id, user_id: userId, session_id: sessionId, ending });
    this.flush();
  }

  /** Sets whether a connection of this node is away. Returns its new lease; undefined if the connection has closed. */
  setAway(connectionId: string, isAway: boolean): { nodeId: string; lease: Lease } | undefined {
    const lease = this.leases.get(connectionId);
    if (!lease) return undefined;
    const changed = { ...lease, is_away: isAway };
    this.leases.set(connectionId, changed);
    return { nodeId: this.nodeId, lease: changed };
  }

  /** Ends the leases of ended sessions of a user at once: request leases, and those in their grace period. */
  async endRequestLeases(userId: string, sessionIds: readonly string[]): Promise<void> {
    await this.repository.endRequestLeases(userId, sessionIds);
    await this.expire();
  }

  /** Recomputes the presence of these users, and announces the changes to the users who may see them. */
  async recompute(userIds: string[]): Promise<void> {
    await this.announce(await this.repository.recompute(userIds));
  }

  async announce(changed: PresenceRow[]): Promise<void> {
    if (changed.length === 0) return;
    const recipients = await this.presence.findRecipients(changed.map((row) => row.user_id));
    for (const row of changed) {
      const recipientIds = new Set(recipients.get(row.user_id)).add(row.user_id);
      this.events.publish(new PresenceChanged(presentPresence(row), [...recipientIds]));
    }
  }

  /** Deletes the expired leases of all nodes, and announces the changed presences. */
  async expire(): Promise<void> {
    for (let ended = BATCH_SIZE; ended === BATCH_SIZE;) {
      const expired = await this.repository.expire(BATCH_SIZE);
      await this.announce(expired.changed);
      ended = expired.ended;
    }
  }

  /** Renews the leases of this node, restores lost ones, and recomputes users whose leases were lost. */
  async renew(): Promise<void> {
    const renewed = await this.repository.renew(this.nodeId);
    if (renewed < this.leases.size) await this.repository.save(this.nodeId, [...this.leases.values()]);
    const withoutLeases = await this.repository.findWithoutLeases(BATCH_SIZE);
    if (withoutLeases.length > 0) await this.recompute(withoutLeases);
  }

  /** Resolves when all openings and closings of connections so far are in the database. */
  async flushed(): Promise<void> {
    while (this.flushing) await this.flushing;
  }

  /** Changes during a flush are written by the next one: a burst of connections takes only a few statements. */
  private flush(): void {
    this.flushing ??= this.drain().finally(() => {
      this.flushing = undefined;
    });
  }

  private async drain(): Promise<void> {
    await Promise.resolve();
    while (this.opening.length > 0 || this.closing.length > 0) {
      const opening = this.opening;
      const closing = this.closing;
      this.opening = [];
      this.closing = [];
      await this.attempt(() => this.write(opening, closing));
    }
  }

  /** The next renewal restores a lease that could not be written; a lease that could not be ended expires. */
  private async write(opening: string[], closing: ClosedLease[]): Promise<void> {
    const opened = opening.map((id) => this.leases.get(id)).filter((lease) => lease !== undefined);
    if (opened.length > 0) {
      await this.repository.save(this.nodeId, opened);
      await this.recompute(opened.map((lease) => lease.user_id));
    }
    if (closing.length === 0) return;
    const offline = await this.repository.closeLeases(closing);
    if (offline.length > 0) this.events.publish(new LastSocketClosed(offline));
    if (closing.some(({ ending }) => ending === 'ended')) await this.expire();
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    await this.failures.watch(work).catch(() => undefined);
  }
}
