import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Config } from '../config/config.js';
import { PoolMonitor } from '../database/pool-monitor.js';
import { ServiceUnavailable } from '../errors/app-error.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { PRIORITIES, type PriorityClass } from './priority.decorator.js';

/** The multiple of the threshold from which each priority class is refused. */
const PRESSURES = [1, 2, 3, 5] as const;
/** The level that is logged as a warning: from here on reads are refused. */
const SERIOUS = 3;
const CHECK_EVERY_MS = 250;
const RESOLUTION_MS = 10;
/** Created once: with thousands of refusals a second, their stack traces would cost more than all the rest. */
const REFUSALS = [1, 2, 3, 4].map((seconds) => new ServiceUnavailable(seconds));

/**
 * Refuses requests by priority when this process is overloaded. It measures how late the event loop is and how long a
 * request waits for a database connection, and moves one level up or down at most, four times a second: a short delay
 * only costs typing signals, and writes are refused only after a second of overload.
 */
@Injectable()
export class LoadShedder implements OnApplicationBootstrap, OnApplicationShutdown {
  /** The number of refused requests of each priority class. */
  readonly shed = new Map<PriorityClass, number>();
  private readonly logger = new Logger('Overload');
  private readonly serious = new RepeatedWarning(this.logger, 'overloaded: reads are refused', {
    recovered: 'reads are no longer refused',
  });
  private readonly lag: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly backlogs: (() => boolean)[] = [];
  private current = 0;
  private latestLagMs = 0;
  private pool: Pick<PoolMonitor, 'waitMs'> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: Config,
    private readonly modules: ModuleRef,
  ) {}

  onApplicationBootstrap(): void {
    try {
      this.pool = this.modules.get(PoolMonitor, { strict: false });
    } catch {
      this.pool = undefined;
    }
    this.lag.enable();
    this.timer = setInterval(() => this.measure(), CHECK_EVERY_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.lag.disable();
  }

  /** The number of priority classes that are being refused. */
  get level(): number {
    return this.current;
  }

  /**
   * Refuses all except vital requests while `isTooLong`, which is called for every request, returns true: a new request
   * would wait too long. Unlike the level, it takes effect and ends at once, so that as much is accepted as can be
   * done.
   */
  watch(isTooLong: () => boolean): void {
    this.backlogs.push(isTooLong);
  }

  /**
   * Whether any requests are being refused. Callers check this first if determining the priority of a request is
   * costly.
   */
  get isShedding(): boolean {
    return this.current > 0 || this.isBehind();
  }

  /** The worst delay of the event loop in the last quarter of a second. */
  get lagMs(): number {
    return this.latestLagMs;
  }

  /** @throws ServiceUnavailable when requests of this priority are being refused */
  checkLoad(priority: PriorityClass): void {
    if (priority === 'vital' || (PRIORITIES.indexOf(priority) >= this.current && !this.isBehind())) return;
    this.shed.set(priority, (this.shed.get(priority) ?? 0) + 1);
    throw REFUSALS[Math.floor(Math.random() * REFUSALS.length)]!;
  }

  private isBehind(): boolean {
    return this.backlogs.some((isTooLong) => isTooLong());
  }

  /** Measures the load and moves by at most one level. */
  measure(): void {
    this.latestLagMs = Math.max(0, this.lag.max / 1e6 - RESOLUTION_MS);
    this.lag.reset();
    this.step(this.latestLagMs, this.pool?.waitMs ?? 0);
  }

  /** Moves one level towards the one for this lag and this wait, in milliseconds. */
  step(lagMs: number, waitMs: number): void {
    const { shedLoopLagMs, shedPoolWaitMs } = this.config;
    const pressure = Math.max(
      shedLoopLagMs > 0 ? lagMs / shedLoopLagMs : 0,
      shedPoolWaitMs > 0 ? waitMs / shedPoolWaitMs : 0,
    );
    const wanted = PRESSURES.filter((least) => pressure >= least).length;
    const before = this.current;
    this.current += Math.sign(wanted - before);
    if (this.current > before) {
      const fields = { level: this.current, lag_ms: Math.round(lagMs), pool_wait_ms: Math.round(waitMs) };
      if (this.current === SERIOUS) this.serious.failed(fields);
      else this.logger.debug('overloaded', fields);
    } else if (before === SERIOUS && this.current < SERIOUS) this.serious.worked();
  }
}
