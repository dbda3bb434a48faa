import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Repeating } from '../../../platform/concurrency/repeating.js';
import { Config } from '../../../platform/config/config.js';
import { newId } from '../../../platform/database/ids.js';
import { redisIdentity } from '../../../platform/queue/redis-identity.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { readPackage } from '../../../platform/process/program-files.js';
import { ActiveUsers } from './active-users.js';
import { ActivityRepository, type OtherNodes } from './activity.repository.js';
import { NodeStatsReader } from './node-stats.js';

const INTERVAL_MS = 10_000;

/**
 * Reports every ten seconds to the database that this process is alive, its current statistics, and what it has
 * counted. A process that is killed loses at most ten seconds of counts; what could not be reported is added to the
 * next report.
 */
@Injectable()
export class NodeHeartbeat implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly nodeId = newId();
  private readonly logger = new Logger('Activity');
  private readonly startedAt = new Date(Date.now() - process.uptime() * 1000);
  private readonly version = readPackage().version;
  private repeating: Repeating | undefined;
  private reporting: Promise<void> | undefined;
  private hasWarned = false;
  private readonly redisWarning = new RepeatedWarning(
    this.logger,
    'processes over this database use different Redis servers: jobs that one of them queues, such as scans of files, ' +
      'are not done by the other, and limits are counted separately. Set the same REDIS_URL for all of them',
    { recovered: 'all processes use the same Redis' },
  );

  constructor(
    private readonly config: Config,
    private readonly repository: ActivityRepository,
    private readonly stats: NodeStatsReader,
    private readonly activeUsers: ActiveUsers,
    private readonly http: HttpAdapterHost,
  ) {}

  private get redis(): string | null {
    return redisIdentity(this.config.redisUrl);
  }

  /** This process in the form of `NodeDto`, without its statistics. */
  get self(): { id: string; role: string; version: string; started_at: string; seen_at: string } {
    const { nodeId: id, version, startedAt } = this;
    const seen_at = new Date().toISOString();
    return { id, role: this.config.processRole, version, started_at: startedAt.toISOString(), seen_at };
  }

  onApplicationBootstrap(): void {
    this.repeating = Repeating.every(INTERVAL_MS, () => this.report(), { startsNow: true });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.repeating?.stop();
    await this.report();
    await this.repository.deleteNode(this.nodeId).catch(() => undefined);
  }

  /** Writes a report to the database. Never throws; one report at a time. */
  async report(): Promise<void> {
    await this.reporting;
    this.reporting = this.writeReport();
    await this.reporting;
  }

  private async writeReport(): Promise<void> {
    const { nodeId: id, version, startedAt } = this;
    const activeUsers = this.activeUsers.take();
    try {
      const stats = { ...(await this.stats.now()), serves: this.http.listening, redis: this.redis };
      await this.repository.reportNode({ id, role: this.config.processRole, version, startedAt, stats });
      await this.repository.addActiveUsers(activeUsers);
      activeUsers.length = 0;
      const { counts, markReported } = await this.stats.growth();
      await this.repository.addCounts(counts);
      markReported();
      this.compareRedis(await this.repository.otherNodes(this.nodeId, this.startedAt));
    } catch (error) {
      this.activeUsers.restore(activeUsers);
      this.logger.debug('the statistics of this node could not be written', { err: error });
    }
  }

  /** All processes of an installation use the same Redis, or none of them uses one. */
  private compareRedis({ serves, redis }: OtherNodes): void {
    const others = redis.filter((url) => url !== (this.redis ?? ''));
    if (others.length > 0) {
      const named = others.map((url) => url || 'none');
      this.redisWarning.failed({ here: this.redis ?? 'none', elsewhere: named });
    } else {
      this.redisWarning.worked();
      this.warnOfOtherServers(serves);
    }
  }

  /** Without Redis every process counts limits by itself. Logged once, when another serving process is seen. */
  private warnOfOtherServers(serves: boolean): void {
    // CLI commands and workers do not serve requests.
    if (this.hasWarned || this.config.redisUrl || !this.http.listening || !serves) return;
    this.hasWarned = true;
    this.logger.warn(
      'another process serves over this database without REDIS_URL: each process counts limits by itself',
    );
  }
}
