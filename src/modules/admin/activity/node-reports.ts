import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../../../platform/config/config.js';
import { newId } from '../../../platform/database/ids.js';
import { redisAddress } from '../../../platform/queue/redis-address.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { readPackage } from '../../../platform/process/program-files.js';
import { ActiveUsers } from './active-users.js';
import { ActivityRepository, type OtherNodes } from './activity.repository.js';
import { NodeStatsReader } from './node-stats.js';

const EVERY_MS = 10_000;

/**
 * Every process tells the others every ten seconds that it lives, what it is doing, and what it has counted. A process
 * that is killed takes at most ten seconds of numbers with it; what could not be told is told the next time.
 */
@Injectable()
export class NodeReports implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly nodeId = newId();
  private readonly logger = new Logger('Activity');
  private readonly startedAt = new Date(Date.now() - process.uptime() * 1000);
  private readonly version = readPackage().version;
  private timer: NodeJS.Timeout | undefined;
  private reporting: Promise<void> | undefined;
  private hasWarned = false;
  private readonly divided = new RepeatedWarning(
    this.logger,
    'processes over this database use different Redis servers: what one puts into a queue, scans of files among it, ' +
      'the other does not do, and limits are counted apart. Give all of them the same REDIS_URL',
    { over: 'all processes use the same Redis' },
  );

  constructor(
    private readonly config: Config,
    private readonly repository: ActivityRepository,
    private readonly stats: NodeStatsReader,
    private readonly activeUsers: ActiveUsers,
    private readonly http: HttpAdapterHost,
  ) {}

  private get redis(): string | null {
    return redisAddress(this.config.redisUrl);
  }

  /** This process, as others see it. */
  get self(): { id: string; role: string; version: string; started_at: string; seen_at: string } {
    const { nodeId: id, version, startedAt } = this;
    const seen_at = new Date().toISOString();
    return { id, role: this.config.processRole, version, started_at: startedAt.toISOString(), seen_at };
  }

  onApplicationBootstrap(): void {
    void this.report();
    this.timer = setInterval(() => void this.report(), EVERY_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.report();
    await this.repository.forgetNode(this.nodeId).catch(() => undefined);
  }

  /** Tells the database how things stand here. Never throws; one report at a time. */
  async report(): Promise<void> {
    await this.reporting;
    this.reporting = this.attempt();
    await this.reporting;
  }

  private async attempt(): Promise<void> {
    const { nodeId: id, version, startedAt } = this;
    const activeUsers = this.activeUsers.take();
    try {
      const stats = { ...(await this.stats.now()), serves: this.http.listening, redis: this.redis };
      await this.repository.reportNode({ id, role: this.config.processRole, version, startedAt, figures: stats });
      await this.repository.addPeople(activeUsers);
      activeUsers.length = 0;
      const { counts, settle } = await this.stats.growth();
      await this.repository.addCounts(counts);
      settle();
      this.compare(await this.repository.otherNodes(this.nodeId, this.startedAt));
    } catch (error) {
      this.activeUsers.giveBack(activeUsers);
      this.logger.debug('the figures of this node could not be written', { err: error });
    }
  }

  /** All processes of an installation use the same Redis, or none of them uses one. */
  private compare({ serves, redis }: OtherNodes): void {
    const others = redis.filter((address) => address !== (this.redis ?? ''));
    if (others.length > 0) {
      const named = others.map((address) => address || 'none');
      this.divided.failed({ here: this.redis ?? 'none', elsewhere: named });
    } else {
      this.divided.worked();
      this.warnOfOtherServers(serves);
    }
  }

  /** Without Redis every process counts limits by itself; said once, when another one that serves is seen. */
  private warnOfOtherServers(serves: boolean): void {
    // Commands and workers serve nobody.
    if (this.hasWarned || this.config.redisUrl || !this.http.listening || !serves) return;
    this.hasWarned = true;
    this.logger.warn('another process serves over this database without REDIS_URL: each counts limits by itself');
  }
}
