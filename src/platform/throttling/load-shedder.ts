import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Config } from '../config/config.js';
import { PoolMonitor } from '../database/pool-monitor.js';
import { ServiceUnavailable } from '../errors/app-error.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/**
 * What is turned away first when there is too much to do: signals (typing, presence), then figures (search, statistics,
 * exports), then reads, and writes last. What is `vital` never is: health, signing out, banning, ping.
 */
export const PRIORITIES = ['signals', 'figures', 'reads', 'writes', 'vital'] as const;
export type PriorityClass = (typeof PRIORITIES)[number];

/** How many times the threshold it takes for a weight to go. */
const PRESSURES = [1, 2, 3, 5] as const;
/** The level somebody should know of: from here on people miss something. */
const SERIOUS = 3;
const LOOK_EVERY_MS = 250;
const RESOLUTION_MS = 10;
/** Made once: the traces of where thousands of them a second come from cost more than all the rest of refusing. */
const REFUSALS = [1, 2, 3, 4].map((seconds) => new ServiceUnavailable(seconds));

/**
 * Whether this process has more to do than it can, from what a request feels first: how late the event loop is, and how
 * long one waits for a database connection. One step at a time, up and down, four times a second: a moment's hiccup
 * costs no more than typing signals, and writes go only when a second of overload was not enough.
 */
@Injectable()
export class LoadShedder implements OnApplicationBootstrap, OnApplicationShutdown {
  /** By weight. */
  readonly shed = new Map<PriorityClass, number>();
  private readonly logger = new Logger('Overload');
  private readonly serious = new RepeatedWarning(this.logger, 'overloaded: reads are turned away', {
    over: 'reads are answered again',
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
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.lag.disable();
  }

  /** How many of the weights are being turned away. */
  get level(): number {
    return this.current;
  }

  /**
   * Nothing but what is vital is taken in while `isTooLong`, asked at every request, says that what came now would wait
   * too long. Unlike the level it follows at once, both ways, so that as much is taken as can be done.
   */
  watch(isTooLong: () => boolean): void {
    this.backlogs.push(isTooLong);
  }

  /**
   * Whether anything is being turned away: where finding out how much a request weighs costs something, ask this first.
   */
  get isShedding(): boolean {
    return this.current > 0 || this.isBehind();
  }

  /** The worst delay of the event loop in the last quarter of a second. */
  get lagMs(): number {
    return this.latestLagMs;
  }

  /** @throws ServiceUnavailable when requests of this weight are being turned away */
  checkLoad(weight: PriorityClass): void {
    if (weight === 'vital' || (PRIORITIES.indexOf(weight) >= this.current && !this.isBehind())) return;
    this.shed.set(weight, (this.shed.get(weight) ?? 0) + 1);
    throw REFUSALS[Math.floor(Math.random() * REFUSALS.length)]!;
  }

  private isBehind(): boolean {
    return this.backlogs.some((isTooLong) => isTooLong());
  }

  /** Looks at how things stand now and moves by at most one step. */
  look(): void {
    this.latestLagMs = Math.max(0, this.lag.max / 1e6 - RESOLUTION_MS);
    this.lag.reset();
    this.step(this.latestLagMs, this.pool?.waitMs ?? 0);
  }

  /** One step towards what this lag and this wait, in milliseconds, ask for. */
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
      const facts = { level: this.current, lag_ms: Math.round(lagMs), pool_wait_ms: Math.round(waitMs) };
      if (this.current === SERIOUS) this.serious.failed(facts);
      else this.logger.debug('overloaded', facts);
    } else if (before === SERIOUS && this.current < SERIOUS) this.serious.worked();
  }
}
