import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricName,
} from './metric-table.js';

/** One value of a gauge or counter that is read when somebody asks. */
export interface Reading {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What does not answer by then is left out: a scrape has a deadline, and most of it can be told. */
const READ_DEADLINE_MS = 1000;

type Reader = () => readonly Reading[] | Promise<readonly Reading[]>;

/**
 * What this process has counted since its start. Hot paths count with `count` and `observe`, once a message or a batch,
 * never once a receiver; whatever stands somewhere anyway is read by `read` when the metrics are asked for.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly counters = new Map<CounterName, Counter>();
  private readonly gauges = new Map<GaugeName, Gauge>();
  private readonly histograms = new Map<HistogramName, Histogram>();
  private readonly readers = new Map<MetricName, Reader>();
  private readonly caches = new Map<string, () => { hits: number; misses: number }>();
  private hasDefaults = false;

  constructor() {
    for (const [name, declaration] of Object.entries(METRICS)) this.declare(name as MetricName, declaration);
    this.read('parley_cache_lookups_total', () =>
      [...this.caches].flatMap(([cache, lookUps]) => {
        const { hits, misses } = lookUps();
        return [
          { value: hits, labels: { cache, result: 'hit' } },
          { value: misses, labels: { cache, result: 'miss' } },
        ];
      }),
    );
  }

  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    this.counters.get(name)!.inc(labels as Record<string, string>, by);
  }

  observe(name: HistogramName, seconds: number): void {
    this.histograms.get(name)!.observe(seconds);
  }

  /**
   * Asks `reader` each time the metrics are asked for. A gauge whose reader fails, or takes longer than a second, is
   * left out until it can be read again; a counter stays where it was.
   */
  read(name: GaugeName | CounterName, reader: Reader): void {
    this.readers.set(name, reader);
  }

  /** A cache, by what its look-ups found since the start. */
  cache(cache: string, lookUps: () => { hits: number; misses: number }): void {
    this.caches.set(cache, lookUps);
  }

  /** In the text format of Prometheus. */
  async text(): Promise<string> {
    await this.refresh();
    return this.registry.metrics();
  }

  /** The sum of a counter or gauge over all its labels. */
  async total(name: CounterName | GaugeName): Promise<number> {
    return (await this.values(name)).reduce((sum, { value }) => sum + value, 0);
  }

  /** The values of a counter or gauge now, by labels. */
  async values(name: CounterName | GaugeName): Promise<Reading[]> {
    await this.refreshOne(name);
    const metric = this.counters.get(name as CounterName) ?? this.gauges.get(name as GaugeName)!;
    return (await metric.get()).values.map(({ value, labels }) => ({
      value,
      labels: labels as Record<string, string>,
    }));
  }

  /** A histogram: how many, and percentiles interpolated within their buckets, in seconds. */
  async distribution(name: HistogramName): Promise<Distribution> {
    const { values } = await this.histograms.get(name)!.get();
    const buckets = values.filter(({ metricName }) => metricName?.endsWith('_bucket'));
    return distributionOf(buckets.map(({ value, labels }) => ({ upTo: Number(labels.le), count: value })));
  }

  private declare(name: MetricName, declaration: (typeof METRICS)[MetricName]): void {
    const labelNames = 'labels' in declaration ? [...declaration.labels] : [];
    const options = { name, help: declaration.help, labelNames, registers: [this.registry] };
    if (declaration.kind === 'counter') this.counters.set(name as CounterName, new Counter(options));
    else if (declaration.kind === 'gauge') this.gauges.set(name as GaugeName, new Gauge(options));
    else this.histograms.set(name as HistogramName, new Histogram({ ...options, buckets: [...declaration.buckets] }));
  }

  private async refresh(): Promise<void> {
    if (!this.hasDefaults) {
      this.hasDefaults = true;
      collectDefaultMetrics({ register: this.registry, prefix: 'parley_' });
    }
    await Promise.all([...this.readers.keys()].map((name) => this.refreshOne(name)));
  }

  private async refreshOne(name: MetricName): Promise<void> {
    const reader = this.readers.get(name);
    if (!reader) return;
    const gauge = this.gauges.get(name as GaugeName);
    let readings: readonly Reading[];
    try {
      readings = await inTime(reader);
    } catch {
      if (gauge) withdraw(gauge);
      return;
    }
    if (gauge) withdraw(gauge);
    const counter = this.counters.get(name as CounterName);
    counter?.reset();
    for (const { value, labels = {} } of readings) {
      if (counter) counter.inc(labels, value);
      else gauge!.set(labels, value);
    }
  }
}

/** Takes every series of it away; `reset` alone leaves a gauge without labels at zero. */
function withdraw(gauge: Gauge): void {
  gauge.reset();
  gauge.remove({});
}

async function inTime(reader: Reader): Promise<readonly Reading[]> {
  const readings = reader();
  if (!(readings instanceof Promise)) return readings;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), READ_DEADLINE_MS);
  });
  try {
    return await Promise.race([readings, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Distribution {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** Cumulative buckets, smallest first; the last goes to infinity and is shown as the bound before it. */
export function distributionOf(buckets: readonly { upTo: number; count: number }[]): Distribution {
  const count = buckets.at(-1)?.count ?? 0;
  const at = (share: number): number | null => {
    if (count === 0) return null;
    const rank = share * count;
    let below = { upTo: 0, count: 0 };
    for (const bucket of buckets) {
      if (bucket.count >= rank) {
        if (!Number.isFinite(bucket.upTo)) return below.upTo;
        const inside = (rank - below.count) / (bucket.count - below.count);
        return below.upTo + inside * (bucket.upTo - below.upTo);
      }
      below = bucket;
    }
    return below.upTo;
  };
  return { count, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
