import type { Logger } from '@nestjs/common';

const INTERVAL_MS = 60_000;

/**
 * A warning that clients can cause as often as they like: the first one is logged at once, those after it at most once
 * a minute, with the number of them since the line before (`count`).
 */
export class RepeatedWarning {
  private count = 0;
  private silentUntil = 0;

  constructor(
    private readonly logger: Logger,
    private readonly message: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  warn(fields: Readonly<Record<string, unknown>>): void {
    this.count += 1;
    const now = this.now();
    if (now < this.silentUntil) return;
    this.logger.warn(this.message, { ...fields, count: this.count });
    this.count = 0;
    this.silentUntil = now + INTERVAL_MS;
  }
}
