import type { Logger } from '@nestjs/common';

/** The time between two lines of one warning. */
const INTERVAL_MS = 60_000;
/** The time without a failure after which it counts as recovered: work that fails every other time does not. */
const SETTLED_AFTER_MS = 5_000;

interface Failing {
  readonly since: number;
  count: number;
  worksSince: number | undefined;
}

interface Options {
  /** Logged once it works again; without it the end is not logged. */
  readonly recovered?: string;
  /** `error` for a failure that an operator has to examine even if it happens once. */
  readonly level?: 'warn' | 'error';
  readonly settledAfterMs?: number;
  /** Logged in each line, to distinguish several warnings with one message. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * A warning about work that may fail many times a second, for example while a service is unavailable or because of a
 * client. The first failure is logged at once, later ones at most once a minute, with the number of failures without a
 * line (`suppressed`). When it works again and nothing has failed for five seconds, one line reports the end, with the
 * duration since the first failure (`lasted_ms`) and the number of failures (`failed`).
 */
export class RepeatedWarning {
  private failing: Failing | undefined;
  private suppressed = 0;
  private silentUntil = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly message: string,
    private readonly options: Options = {},
  ) {}

  /** Records a failure. The line contains `fields`; an error is passed as `err`. */
  failed(fields: Readonly<Record<string, unknown>>): void {
    const now = performance.now();
    this.failing ??= { since: now, count: 0, worksSince: undefined };
    this.failing.count += 1;
    this.failing.worksSince = undefined;
    if (now < this.silentUntil) {
      this.suppressed += 1;
      return;
    }
    this.logger[this.options.level ?? 'warn'](this.message, {
      ...this.options.fields,
      ...fields,
      suppressed: this.suppressed,
    });
    this.suppressed = 0;
    this.silentUntil = now + INTERVAL_MS;
  }

  /** Records a success. Costs nothing while nothing fails. */
  worked(): void {
    if (!this.failing || this.options.recovered === undefined) return;
    this.failing.worksSince ??= performance.now();
    this.timer ??= this.scheduleCheck(this.settledAfterMs);
  }

  /** Runs `work` and records its failure (with the error as `err`) or its success. @throws the error of `work` */
  async watch<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.worked();
      return result;
    } catch (error) {
      this.failed({ err: error });
      throw error;
    }
  }

  private get settledAfterMs(): number {
    return this.options.settledAfterMs ?? SETTLED_AFTER_MS;
  }

  private scheduleCheck(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.checkRecovered(), ms).unref();
  }

  private checkRecovered(): void {
    this.timer = undefined;
    const { failing } = this;
    if (failing?.worksSince === undefined) return;
    const leftMs = failing.worksSince + this.settledAfterMs - performance.now();
    if (leftMs > 0) {
      this.timer = this.scheduleCheck(leftMs);
      return;
    }
    this.failing = undefined;
    this.suppressed = 0;
    this.silentUntil = -Infinity;
    const lastedMs = Math.round(failing.worksSince - failing.since);
    this.logger.log(this.options.recovered, { ...this.options.fields, lasted_ms: lastedMs, failed: failing.count });
  }
}
