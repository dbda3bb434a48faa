import { Injectable } from '@nestjs/common';
import { PoolMonitor } from '../../../platform/database/pool-monitor.js';
import { StatementStats } from '../../../platform/database/statement-stats.js';
import { Health } from '../../../platform/health/health.js';
import type { CounterName, GaugeName, HistogramName } from '../../../platform/metrics/metric-table.js';
import { Metrics } from '../../../platform/metrics/metrics.js';
import { NodeHeartbeat } from '../activity/node-heartbeat.js';
import type { AdminHealthDto, AdminMetricsDto, CacheDto, LatencyDto, StatementDto } from './monitoring.dto.js';

const STATEMENTS_MAX = 20;

/** The metrics of this process, in a form for admins: those of `/metrics` as JSON. */
@Injectable()
export class NodeMetrics {
  constructor(
    private readonly registry: Metrics,
    private readonly statementStats: StatementStats,
    private readonly pool: PoolMonitor,
    private readonly state: Health,
    private readonly heartbeat: NodeHeartbeat,
  ) {}

  async metrics(): Promise<AdminMetricsDto> {
    return {
      as_of: new Date().toISOString(),
      node_id: this.heartbeat.nodeId,
      sends: await this.byLabel('parley_sends_total', 'outcome'),
      acknowledgement: await this.latency('parley_send_ack_seconds'),
      delivery: await this.latency('parley_delivery_seconds'),
      connection_opening: await this.latency('parley_connection_open_seconds'),
      requests: await this.latency('parley_http_request_seconds'),
      connections: await this.byLabel('parley_connections', 'transport'),
      database: {
        queries: await this.latency('parley_database_query_seconds'),
        pool: this.pool.state,
        pool_wait_ms: rounded(this.pool.waitMs),
        statements: this.statements(),
      },
      caches: await this.caches(),
      limits_hit: await this.byLabel('parley_limits_hit_total', 'action'),
      errors: await this.byLabel('parley_errors_total', 'context'),
      event_loop_lag_ms: rounded((await this.registry.total('parley_event_loop_lag_seconds')) * 1000),
    };
  }

  async health(): Promise<AdminHealthDto> {
    const { status, components } = await this.state.report();
    return {
      status,
      timestamp: new Date().toISOString(),
      version: this.state.version,
      node_id: this.heartbeat.nodeId,
      components,
      metrics: { ...this.state.metricValues, uptime_seconds: Math.floor(process.uptime()) },
    };
  }

  private async byLabel(name: CounterName | GaugeName, label: string): Promise<Record<string, number>> {
    const values = await this.registry.values(name);
    return Object.fromEntries(values.map(({ value, labels }) => [labels?.[label] ?? '', value]));
  }

  private async latency(name: HistogramName): Promise<LatencyDto> {
    const { count, p50, p95, p99 } = await this.registry.distribution(name);
    const ms = (seconds: number | null): number | null => (seconds === null ? null : rounded(seconds * 1000));
    return { count, p50_ms: ms(p50), p95_ms: ms(p95), p99_ms: ms(p99) };
  }

  private async caches(): Promise<Record<string, CacheDto>> {
    const caches: Record<string, CacheDto> = {};
    for (const { value, labels } of await this.registry.values('parley_cache_lookups_total')) {
      const cache = (caches[labels?.cache ?? ''] ??= { hits: 0, misses: 0, hit_ratio: null });
      if (labels?.result === 'hit') cache.hits = value;
      else cache.misses = value;
    }
    for (const cache of Object.values(caches)) {
      const lookUps = cache.hits + cache.misses;
      if (lookUps > 0) cache.hit_ratio = rounded(cache.hits / lookUps);
    }
    return caches;
  }

  private statements(): StatementDto[] {
    return [...this.statementStats.byName]
      .sort(([, a], [, b]) => b.totalMs - a.totalMs)
      .slice(0, STATEMENTS_MAX)
      .map(([name, { count, totalMs, slowestMs }]) => ({
        name,
        count,
        mean_ms: rounded(totalMs / count),
        slowest_ms: rounded(slowestMs),
      }));
  }
}

/** More than three decimals would exceed the accuracy. */
function rounded(number: number): number {
  return Math.round(number * 1000) / 1000;
}
