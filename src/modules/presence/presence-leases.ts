import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import type { ClosedConnection, ConnectionObserver } from '../../platform/realtime/connection-observer.js';
import { presentPresence } from './presence-presenter.js';
import { LastSocketClosed, PresenceChanged } from './presence.events.js';
import { type ClosedLease, type Lease, type PresenceRow, PresenceRepository } from './presence.repository.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

const RENEW_MS = 15_000;
/** With leases of 40 s: nobody whose node died is shown as there for longer than 41 s. */
const SWEEP_MS = 1000;
const EXPIRED_AT_ONCE = 500;

/**
 * Who is there, as leases in the database: one a connection, renewed by the node that has it. Closing a connection only
 * shortens its lease to a grace, so that a client that comes back in time was never gone: 30 s where the connection was
 * lost, 3 s where the client closed it, none where the session or account was ended. The end of leases, for whatever
 * reason, is noticed by the sweep of any node.
 */
@Injectable()
export class PresenceLeases implements ConnectionObserver, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly unkept = new RepeatedWarning(new Logger(PresenceLeases.name), 'presence is not kept right now', {
    over: 'presence is kept again',
  });
  private readonly nodeId = newId();
  private readonly held = new Map<string, Lease>();
  private opening: string[] = [];
  private closing: ClosedLease[] = [];
  private flushing: Promise<void> | undefined;
  private timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly repository: PresenceRepository,
    private readonly events: DomainEvents,
  ) {}

  onApplicationBootstrap(): void {
    this.every(RENEW_MS, () => this.renew());
    this.every(SWEEP_MS, () => this.sweep());
  }

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.flushing;
    await this.attempt(() => this.repository.letAllGo(this.nodeId));
  }

  opened({ id, userId }: { id: string; userId: string }): void {
    this.held.set(id, { connection_id: id, user_id: userId, is_away: false });
    this.opening.push(id);
    this.flush();
  }

  closed({ id, userId, sessionId, ending }: ClosedConnection): void {
    if (!this.held.delete(id)) return;
    this.closing.push({ connection_id: id, user_id: userId, session_id: sessionId, ending });
    this.flush();
  }

  /** The lease of a connection of this node as it is from now on; undefined when it has closed. */
  turn(connectionId: string, isAway: boolean): { nodeId: string; lease: Lease } | undefined {
    const lease = this.held.get(connectionId);
    if (!lease) return undefined;
    const turned = { ...lease, is_away: isAway };
    this.held.set(connectionId, turned);
    return { nodeId: this.nodeId, lease: turned };
  }

  /** Sessions of this user are over: what they held by their requests, and what waits for its grace, ends at once. */
  async endCalls(userId: string, sessionIds: readonly string[]): Promise<void> {
    await this.repository.endCalls(userId, sessionIds);
    await this.sweep();
  }

  /** Works out how these users appear and tells who may know of what has changed. */
  async settle(userIds: string[]): Promise<void> {
    await this.announce(await this.repository.settle(userIds));
  }

  async announce(changed: PresenceRow[]): Promise<void> {
    if (changed.length === 0) return;
    const audiences = await this.repository.audiences(changed.map((row) => row.user_id));
    for (const row of changed) {
      const audience = new Set(audiences.get(row.user_id)).add(row.user_id);
      this.events.publish(new PresenceChanged(presentPresence(row), [...audience]));
    }
  }

  /** Ends what is over, on whatever node it was, and announces whom that took away. */
  async sweep(): Promise<void> {
    for (let ended = EXPIRED_AT_ONCE; ended === EXPIRED_AT_ONCE;) {
      const swept = await this.repository.expire(EXPIRED_AT_ONCE);
      await this.announce(swept.changed);
      ended = swept.ended;
    }
  }

  /** Prolongs the leases of this node, puts back what was lost, and looks for users whose leases are. */
  async renew(): Promise<void> {
    const renewed = await this.repository.renew(this.nodeId);
    if (renewed < this.held.size) await this.repository.open(this.nodeId, [...this.held.values()]);
    const forgotten = await this.repository.forgotten(EXPIRED_AT_ONCE);
    if (forgotten.length > 0) await this.settle(forgotten);
  }

  /** Answers when everything that was said of connections so far is in the database. */
  async settled(): Promise<void> {
    while (this.flushing) await this.flushing;
  }

  /** What comes while a flush is under way goes with the next one: a storm of connections is a few statements. */
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

  /** A lease that could not be written is put back by the next renewal; one that could not be ended expires. */
  private async write(opening: string[], closing: ClosedLease[]): Promise<void> {
    const leases = opening.map((id) => this.held.get(id)).filter((lease) => lease !== undefined);
    if (leases.length > 0) {
      await this.repository.open(this.nodeId, leases);
      await this.settle(leases.map((lease) => lease.user_id));
    }
    if (closing.length === 0) return;
    const gone = await this.repository.letGo(closing);
    if (gone.length > 0) this.events.publish(new LastSocketClosed(gone));
    if (closing.some(({ ending }) => ending === 'ended')) await this.sweep();
  }

  private every(ms: number, work: () => Promise<void>): void {
    let isAtWork = false;
    const timer = setInterval(() => {
      if (isAtWork) return;
      isAtWork = true;
      void this.attempt(work).finally(() => {
        isAtWork = false;
      });
    }, ms);
    timer.unref();
    this.timers.push(timer);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    await this.unkept.watch(work).catch(() => undefined);
  }
}
