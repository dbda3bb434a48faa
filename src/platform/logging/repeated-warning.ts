import type { Logger } from '@nestjs/common';

/** Between two lines about the same thing. */
const INTERVAL_MS = 60_000;
/** What has worked for so long without a failure is well again: something that fails every other time is not. */
const SETTLED_AFTER_MS = 5_000;

interface Failing {
  readonly since: number;
  count: number;
  worksSince: number | undefined;
}

interface Options {
  /** Said once it works again; without it the end is not noticed. */
  readonly over?: string;
  /** `error` for what an operator has to look at even when it happens once. */
  readonly level?: 'warn' | 'error';
  readonly settledAfterMs?: number;
  /** What each of its lines holds: which one of several things fails, where they share a message. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * A warning of something that may fail many times a second, for as long as a neighbour is away or a client likes. The
 * first failure is logged at once; later ones at most once a minute, with the number of those that got no line
 * (`suppressed`). When it works again, and nothing has failed for five seconds, one line says so, with how long it
 * lasted (`lasted_ms`, from the first failure on) and how often it failed (`failed`).
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

  /** It has failed once more: `fields` stand in the line, an error as `err`. */
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

  /** It has worked. Costs nothing while nothing fails. */
  worked(): void {
    if (!this.failing || this.options.over === undefined) return;
    this.failing.worksSince ??= performance.now();
    this.timer ??= this.lookAfter(this.settledAfterMs);
  }

  /** Does `work` and notes whether it failed, with its error as `err`. @throws whatever it throws */
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

  private lookAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.look(), ms).unref();
  }

  private look(): void {
    this.timer = undefined;
    const { failing } = this;
    if (failing?.worksSince === undefined) return;
    const leftMs = failing.worksSince + this.settledAfterMs - performance.now();
    if (leftMs > 0) {
      this.timer = this.lookAfter(leftMs);
      return;
    }
    this.failing = undefined;
    this.suppressed = 0;
    this.silentUntil = -Infinity;
    const lastedMs = Math.round(failing.worksSince - failing.since);
    this.logger.log(this.options.over, { ...this.options.fields, lasted_ms: lastedMs, failed: failing.count });
  }
}
