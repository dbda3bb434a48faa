import { Injectable } from '@nestjs/common';
import type { CounterName } from '../../../platform/metrics/metric-table.js';
import { Metrics, type Sample } from '../../../platform/metrics/metrics.js';
import type { HourCount } from './activity.repository.js';

/** The current statistics of one node. */
export interface NodeStats {
  /** By transport. */
  readonly connections: Readonly<Record<string, number>>;
  /** Since the start of the process. */
  readonly messages: number;
  readonly deliveries: number;
  readonly requests_in_flight: number;
  readonly event_loop_lag_ms: number;
  readonly memory_bytes: number;
}

/** The counters whose growth is stored by hour: the stored name, and the label and the outcome that are counted. */
const HOURLY_COUNTERS: readonly { name: string; counter: CounterName; label?: string; outcome?: string }[] = [
  { name: 'messages', counter: 'parley_sends_total', outcome: 'stored' },
  { name: 'deliveries', counter: 'parley_deliveries_total' },
  { name: 'connections', counter: 'parley_connections_opened_total' },
  { name: 'limits', counter: 'parley_limits_hit_total', label: 'action' },
  { name: 'webhooks', counter: 'parley_webhook_attempts_total', label: 'result' },
];

/** Computes the statistics of the dashboard from the metrics of this process. */
@Injectable()
export class NodeStatsReader {
  private reported = new Map<string, number>();

  constructor(private readonly metrics: Metrics) {}

  async now(): Promise<NodeStats> {
    const { metrics } = this;
    const sends = await metrics.values('parley_sends_total');
    const lag = await metrics.total('parley_event_loop_lag_seconds');
    return {
      connections: byLabel(await metrics.values('parley_connections'), 'transport'),
      messages: sends.find(({ labels }) => labels?.outcome === 'stored')?.value ?? 0,
      deliveries: await metrics.total('parley_deliveries_total'),
      requests_in_flight: await metrics.total('parley_http_in_flight'),
      event_loop_lag_ms: Math.round(lag * 1000),
      memory_bytes: process.memoryUsage.rss(),
    };
  }

  /** Returns what has been counted since the last report that was confirmed with `markReported`. */
  async growth(): Promise<{ counts: HourCount[]; markReported: () => void }> {
    const now = new Map<string, number>();
    const counts: HourCount[] = [];
    for (const { name, counter, label, outcome } of HOURLY_COUNTERS) {
      const readings = (await this.metrics.values(counter)).filter(
        ({ labels }) => outcome === undefined || labels?.outcome === outcome,
      );
      const values = label ? byLabel(readings, label) : { '': readings.reduce((sum, { value }) => sum + value, 0) };
      for (const [labelled, value] of Object.entries(values)) {
        const key = `${name} ${labelled}`;
        now.set(key, value);
        const count = value - (this.reported.get(key) ?? 0);
        if (count > 0) counts.push({ name, label: labelled, count });
      }
    }
    return { counts, markReported: () => void (this.reported = now) };
  }
}

function byLabel(readings: readonly Sample[], label: string): Record<string, number> {
  return Object.fromEntries(readings.map(({ value, labels }) => [labels?.[label] ?? '', value]));
}
