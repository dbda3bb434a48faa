import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import { AppError, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { UsersPolicy } from '../users/users.policy.js';
import { NodeStatsReader, type NodeStats } from './activity/node-stats.js';
import { NodeReports } from './activity/node-reports.js';
import type { LiveFiguresDto, NodeDto } from './admin.dto.js';
import { DashboardStats } from './dashboard-stats.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

const EVERY_MS = 2000;

/** Somebody who watches: asked for anew each time, because his rank may have changed. */
export interface Watcher {
  readonly actor: Actor;
  tell(stats: LiveFiguresDto): void;
}

/**
 * Live numbers every two seconds for as long as anybody watches. Before each of them the rank of each watcher is read
 * from the database: whoever is no admin any more gets nothing from that moment on.
 */
@Injectable()
export class LiveStats implements OnApplicationShutdown {
  private readonly unread = new RepeatedWarning(new Logger('Live figures'), 'live figures could not be read', {
    over: 'live figures are read again',
  });
  private readonly watchers = new Map<string, Watcher>();
  private timer: NodeJS.Timeout | undefined;
  private before: { at: number; stats: NodeStats } | undefined;

  constructor(
    private readonly users: UsersPolicy,
    private readonly dashboard: DashboardStats,
    private readonly reader: NodeStatsReader,
    private readonly reports: NodeReports,
  ) {}

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** The first figures come at once. @throws PermissionDenied */
  async watch(id: string, watcher: Watcher): Promise<LiveFiguresDto> {
    // Entered before he is judged: should his connection close meanwhile, it takes him out again.
    this.watchers.set(id, watcher);
    try {
      await this.users.requireRank(watcher.actor, 'admin');
      this.timer ??= setInterval(() => void this.tellAll(), EVERY_MS);
      return await this.stats();
    } catch (error) {
      this.unwatch(id);
      throw error;
    }
  }

  unwatch(id: string): void {
    if (!this.watchers.delete(id) || this.watchers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.before = undefined;
  }

  private async tellAll(): Promise<void> {
    try {
      const stats = await this.stats();
      for (const [id, watcher] of [...this.watchers]) {
        if (await this.mayWatch(watcher)) watcher.tell(stats);
        else this.unwatch(id);
      }
      this.unread.worked();
    } catch (error) {
      this.unread.failed({ err: error });
    }
  }

  /** A database that is away takes nobody's rank; meanwhile nobody is told anything. */
  private async mayWatch({ actor }: Watcher): Promise<boolean> {
    try {
      await this.users.requireRank(actor, 'admin');
      return true;
    } catch (error) {
      if (error instanceof AppError && !(error instanceof ServiceUnavailable)) return false;
      throw error;
    }
  }

  private async stats(): Promise<LiveFiguresDto> {
    const [own, nodes] = [await this.reader.now(), await this.dashboard.nodes()];
    const at = performance.now();
    const { before } = this;
    this.before = { at, stats: own };
    const perSecond = (of: (stats: NodeStats) => number): number =>
      before ? Math.round(((of(own) - of(before.stats)) / Math.max(1, at - before.at)) * 10_000) / 10 : 0;
    const node = nodes.find(({ id }) => id === this.reports.nodeId);
    return {
      as_of: new Date().toISOString(),
      connections: nodes.reduce((sum, { connections }) => sum + countOf(connections), 0),
      messages_per_second: perSecond(({ messages }) => messages),
      deliveries_per_second: perSecond(({ deliveries }) => deliveries),
      node: { ...(node ?? this.reports.self), ...own } as NodeDto,
      nodes,
    };
  }
}

function countOf(connections: Readonly<Record<string, number>>): number {
  return Object.values(connections).reduce((sum, count) => sum + count, 0);
}
