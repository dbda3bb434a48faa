import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { withTimeout } from '../concurrency/with-timeout.js';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricName,
} from './metric-table.js';

/** One value of a gauge or counter that is read when the metrics are requested. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Callbacks that take longer are omitted: a scrape has a deadline, and the other metrics must meet it. */
const CALLBACK_DEADLINE_MS = 1000;

type SampleCallback = () => readonly Sample[] | Promise<readonly Sample[]>;

/**
 * The metrics of this process since its start. Hot paths call `count` and `observe` once for each message or batch,
 * never for each receiver. For values that exist elsewhere, `registerCallback` registers a function that reads them
 * when the metrics are requested.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly counters = new Map<CounterName, Counter>();
  private readonly gauges = new Map<GaugeName, Gauge>();
  private readonly histograms = new Map<HistogramName, Histogram>();
  private readonly callbacks = new Map<MetricName, SampleCallback>();
  private readonly caches = new Map<string, () => { hits: number; misses: number }>();
  private hasDefaults = false;

  constructor() {
    for (const [name, declaration] of Object.entries(METRICS)) this.declare(name as MetricName, declaration);
    this.registerCallback('parley_cache_lookups_total', () =>
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
   * Calls `callback` each time the metrics are requested. A gauge whose callback fails or takes longer than a second is
   * omitted until it can be read again; a counter retains its value.
   */
  registerCallback(name: GaugeName | CounterName, callback: SampleCallback): void {
    this.callbacks.set(name, callback);
  }

  /** Registers a cache by the hits and misses of its lookups since the start. */
  registerCache(cache: string, lookUps: () => { hits: number; misses: number }): void {
    this.caches.set(cache, lookUps);
  }

  /** The metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    await this.refresh();
    return this.registry.metrics();
  }

  /** The sum of a counter or gauge over all its labels. */
  async total(name: CounterName | GaugeName): Promise<number> {
    return (await this.values(name)).reduce((sum, { value }) => sum + value, 0);
  }

  /** The values of a counter or gauge now, by labels. */
  async values(name: CounterName | GaugeName): Promise<Sample[]> {
    await this.refreshOne(name);
    const metric = this.counters.get(name as CounterName) ?? this.gauges.get(name as GaugeName)!;
    return (await metric.get()).values.map(({ value, labels }) => ({
      value,
      labels: labels as Record<string, string>,
    }));
  }

  /** The count of a histogram, and percentiles in seconds, interpolated within their buckets. */
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
    await Promise.all([...this.callbacks.keys()].map((name) => this.refreshOne(name)));
  }

  private async refreshOne(name: MetricName): Promise<void> {
    const callback = this.callbacks.get(name);
    if (!callback) return;
    const gauge = this.gauges.get(name as GaugeName);
    let samples: readonly Sample[];
    try {
      const result = callback();
      samples = result instanceof Promise ? await withTimeout(CALLBACK_DEADLINE_MS, result) : result;
    } catch {
      if (gauge) removeSeries(gauge);
      return;
    }
    if (gauge) removeSeries(gauge);
    const counter = this.counters.get(name as CounterName);
    counter?.reset();
    for (const { value, labels = {} } of samples) {
      if (counter) counter.inc(labels, value);
      else gauge!.set(labels, value);
    }
  }
}

/** Removes all series of a gauge; `reset` alone leaves a gauge without labels at zero. */
function removeSeries(gauge: Gauge): void {
  gauge.reset();
  gauge.remove({});
}

export interface Distribution {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/**
 * Buckets are cumulative, smallest first. A percentile in the last one, which is unbounded, is reported as the bound
 * before.
 */
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
