export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Milliseconds, all of them stored: no buckets, no averages of percentiles. */
export class Latencies {
  private readonly values: number[] = [];

  record(ms: number): void {
    this.values.push(ms);
  }

  /** Undefined if nothing was recorded. */
  summary(): LatencySummary | undefined {
    const sorted = Float64Array.from(this.values).sort();
    if (sorted.length === 0) return undefined;
    const at = (share: number): number =>
      round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!);
    return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
