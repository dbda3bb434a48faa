import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Repeating } from '../../../platform/concurrency/repeating.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { AppError, ServiceUnavailable } from '../../../platform/errors/app-error.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { NodeStatsReader, type NodeStats } from '../activity/node-stats.js';
import { NodeHeartbeat } from '../activity/node-heartbeat.js';
import type { LiveStatsDto } from './monitoring.dto.js';
import type { NodeDto } from './stats.dto.js';
import { DashboardStats } from './dashboard-stats.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';

const INTERVAL_MS = 2000;

/**
 * An admin connection that receives the stream. The role is read again before each message, because it may have
 * changed.
 */
export interface Watcher {
  readonly actor: Actor;
  send(stats: LiveStatsDto): void;
}

/**
 * Streams statistics every two seconds while there are watchers. Before each message the role of each watcher is read
 * from the database: a user who is no longer an admin receives nothing from then on.
 */
@Injectable()
export class LiveStats implements OnApplicationShutdown {
  private readonly warning = new RepeatedWarning(new Logger(LiveStats.name), 'live statistics could not be read', {
    recovered: 'live statistics are read again',
  });
  private readonly watchers = new Map<string, Watcher>();
  private sending: Repeating | undefined;
  private before: { at: number; stats: NodeStats } | undefined;

  constructor(
    private readonly users: UsersPolicy,
    private readonly dashboard: DashboardStats,
    private readonly reader: NodeStatsReader,
    private readonly heartbeat: NodeHeartbeat,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.sending?.stop();
  }

  /** Returns the first statistics immediately. @throws PermissionDenied */
  async watch(id: string, watcher: Watcher): Promise<LiveStatsDto> {
    // Added before the check, so that a connection that closes during the check can remove it.
    this.watchers.set(id, watcher);
    try {
      await this.users.requireRank(watcher.actor, 'admin');
      this.sending ??= Repeating.every(INTERVAL_MS, () => this.sendAll(), { warning: this.warning });
      return await this.stats();
    } catch (error) {
      this.unwatch(id);
      throw error;
    }
  }

  unwatch(id: string): void {
    if (!this.watchers.delete(id) || this.watchers.size > 0) return;
    void this.sending?.stop();
    this.sending = undefined;
    this.before = undefined;
  }

  private async sendAll(): Promise<void> {
    const stats = await this.stats();
    for (const [id, watcher] of [...this.watchers]) {
      if (await this.mayWatch(watcher)) watcher.send(stats);
      else this.unwatch(id);
    }
  }

  /** Throws if the database is unavailable: the watcher stays, but receives nothing meanwhile. */
  private async mayWatch({ actor }: Watcher): Promise<boolean> {
    try {
      await this.users.requireRank(actor, 'admin');
      return true;
    } catch (error) {
      if (error instanceof AppError && !(error instanceof ServiceUnavailable)) return false;
      throw error;
    }
  }

  private async stats(): Promise<LiveStatsDto> {
    const [own, nodes] = [await this.reader.now(), await this.dashboard.nodes()];
    const at = performance.now();
    const { before } = this;
    this.before = { at, stats: own };
    const perSecond = (of: (stats: NodeStats) => number): number =>
      before ? Math.round(((of(own) - of(before.stats)) / Math.max(1, at - before.at)) * 10_000) / 10 : 0;
    const node = nodes.find(({ id }) => id === this.heartbeat.nodeId);
    return {
      as_of: new Date().toISOString(),
      connections: nodes.reduce((sum, { connections }) => sum + countOf(connections), 0),
      messages_per_second: perSecond(({ messages }) => messages),
      deliveries_per_second: perSecond(({ deliveries }) => deliveries),
      node: { ...(node ?? this.heartbeat.self), ...own } as NodeDto,
      nodes,
    };
  }
}

function countOf(connections: Readonly<Record<string, number>>): number {
  return Object.values(connections).reduce((sum, count) => sum + count, 0);
}
