import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../../../platform/config/config.js';
import { newId } from '../../../platform/database/ids.js';
import { readPackage } from '../../../platform/process/program-files.js';
import { ActivePeople } from './active-people.js';
import { ActivityRepository } from './activity.repository.js';
import { NodeFiguresReader } from './node-figures.js';

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

  constructor(
    private readonly config: Config,
    private readonly repository: ActivityRepository,
    private readonly figures: NodeFiguresReader,
    private readonly people: ActivePeople,
    private readonly http: HttpAdapterHost,
  ) {}

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
    const people = this.people.take();
    try {
      const figures = await this.figures.now();
      await this.repository.reportNode({ id, role: this.config.processRole, version, startedAt, figures });
      await this.repository.addPeople(people);
      people.length = 0;
      const { counts, settle } = await this.figures.growth();
      await this.repository.addCounts(counts);
      settle();
      await this.warnOfOthers();
    } catch (error) {
      this.people.giveBack(people);
      this.logger.debug('the figures of this node could not be written', { err: error });
    }
  }

  /** Without Redis every process counts limits by itself; said once, when another one that serves is seen. */
  private async warnOfOthers(): Promise<void> {
    // Commands and workers serve nobody.
    if (this.hasWarned || this.config.redisUrl || !this.http.listening) return;
    if (!(await this.repository.hasOtherServer(this.nodeId, this.startedAt))) return;
    this.hasWarned = true;
    this.logger.warn('another process serves over this database without REDIS_URL: each counts limits by itself');
  }
}
