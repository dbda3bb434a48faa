import type { RepeatedWarning } from '../logging/repeated-warning.js';

interface Options {
  /** Logs failures of the work and the recovery; without it the work must not fail. */
  readonly warning?: RepeatedWarning;
  /** Whether the first run begins at once, and not after the first interval. */
  readonly startsNow?: boolean;
}

/**
 * Work that is repeated at an interval until it is stopped. One run at a time: while a run takes longer than the
 * interval, the runs that are due meanwhile are skipped. It does not keep the process alive.
 */
export class Repeating {
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | undefined;

  private constructor(
    ms: number,
    private readonly work: () => void | Promise<void>,
    private readonly options: Options,
  ) {
    this.timer = setInterval(() => this.begin(), ms).unref();
    if (options.startsNow) this.begin();
  }

  static every(ms: number, work: () => void | Promise<void>, options: Options = {}): Repeating {
    return new Repeating(ms, work, options);
  }

  /** Begins no further run. Resolves when the current one has ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private begin(): void {
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  private async run(): Promise<void> {
    const { warning } = this.options;
    if (warning) await warning.watch(async () => this.work()).catch(() => undefined);
    else await this.work();
  }
}
