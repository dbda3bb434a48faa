import { Command } from 'commander';
import type { AdminHealthDto, AdminMetricsDto, LatencyDto } from '../modules/admin/monitoring/monitoring.dto.js';
import type { AdminStatsDto, NodeDto } from '../modules/admin/monitoring/stats.dto.js';
import type { PublicHealthDto } from '../platform/health/health.dto.js';
import { asAdmin, ServerApi, serverUrl } from './server-api.js';
import { CommandFailed, print, printJson, table } from './terminal.js';

interface Options {
  readonly url?: string;
  readonly json?: boolean;
}

/** The trends of the last two days, by hour. */
const TRENDS = {
  message_delivery: ['messages', 'deliveries'],
  connections: ['people', 'connections'],
} as const satisfies Record<string, readonly (keyof AdminStatsDto['hours'][number])[]>;

export function monitoringCommand(): Command {
  return withOptions(new Command('monitoring'))
    .option('--health-check', 'every component; exit code 1 unless all required components work')
    .option('--status', 'users, messages, connections and pending work')
    .action(async ({ url, json, healthCheck, status }: Options & { healthCheck?: boolean; status?: boolean }) => {
      if (!healthCheck && !status) throw new CommandFailed('Give --health-check or --status.');
      if (healthCheck) await checkHealth(serverUrl(url), json);
      if (status) await printStatus(serverUrl(url), json);
    });
}

export function performanceMetricsCommand(): Command {
  return withOptions(new Command('performance-metrics'))
    .option('--summary', 'latencies, database and caches of the process that responds')
    .option('--trends <what>', `the last two days by the hour: ${Object.keys(TRENDS).join(' or ')}`)
    .action(async ({ url, json, summary, trends }: Options & { summary?: boolean; trends?: string }) => {
      if (!summary && !trends) throw new CommandFailed('Give --summary or --trends.');
      if (summary) await printSummary(serverUrl(url), json);
      if (trends) await printTrends(serverUrl(url), trends, json);
    });
}

export function websocketAnalyticsCommand(): Command {
  return withOptions(new Command('websocket-analytics')).action(async ({ url, json }: Options) => {
    const { connections, hours, opening } = await asAdmin(serverUrl(url), async (api) => {
      const stats = await api.get<AdminStatsDto>('/api/v1/admin/stats');
      const metrics = await api.get<AdminMetricsDto>('/api/v1/admin/metrics');
      return { ...stats, opening: metrics.connection_opening };
    });
    if (json) return printJson({ connections, connection_opening: opening });
    const opened = hours.reduce((sum, hour) => sum + hour.connections, 0);
    print(
      ...table([
        ['Connected now', String(connections.total)],
        ...Object.entries(connections.by_transport).map(([transport, count]) => [`  ${transport}`, String(count)]),
        ['Opened in two days', String(opened)],
        ['Opening takes', latency(opening)],
      ]),
      '',
      ...table([
        ['Node', 'Role', 'Connections', 'Messages', 'Deliveries', 'Lag', 'Memory'],
        ...connections.nodes.map(nodeRow),
      ]),
    );
  });
}

function withOptions(command: Command): Command {
  return command
    .option('--url <url>', 'URL of the server, if it is not the one of this configuration')
    .option('--json', 'as JSON');
}

async function checkHealth(url: string, json?: boolean): Promise<void> {
  // 503 is a valid response: it names the unhealthy components.
  const report = await new ServerApi(url).call<PublicHealthDto>('GET', '/healthz', undefined, [503]);
  if (json) printJson(report);
  else print(...table([['server', report.status], ...Object.entries(report.components)]));
  if (report.status !== 'healthy' && report.status !== 'degraded')
    throw new CommandFailed(`The server is ${report.status}.`);
}

async function printStatus(url: string, json?: boolean): Promise<void> {
  const [stats, health] = await asAdmin(url, async (api) => [
    await api.get<AdminStatsDto>('/api/v1/admin/stats'),
    await api.get<AdminHealthDto>('/api/v1/admin/health'),
  ]);
  if (json) return printJson({ stats, health });
  const { users, conversations, messages, connections, deliveries, storage } = stats;
  print(
    ...table([
      ['Server', `${health.status}, version ${health.version}`],
      ['Users', `${users.total}, ${users.online} online, ${users.new_today} new today, ${users.banned} banned`],
      ['Conversations', String(conversations.total)],
      ['Messages', `${messages.total}, ${messages.today} today, ${messages.this_hour} this hour`],
      ['Connections', `${connections.total} on ${connections.nodes.length} nodes`],
      ['Webhooks', `${deliveries.waiting} waiting, ${deliveries.queued} in progress, ${deliveries.failed} failed`],
      ['Files', `${storage.files} of ${mebibytes(storage.bytes)}`],
      ['Database', mebibytes(storage.database_bytes)],
    ]),
  );
}

async function printSummary(url: string, json?: boolean): Promise<void> {
  const metrics = await asAdmin(url, (api) => api.get<AdminMetricsDto>('/api/v1/admin/metrics'));
  if (json) return printJson(metrics);
  const { database } = metrics;
  const format = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  print(
    ...table([
      ['Sends', format(metrics.sends)],
      ['Acknowledgement', latency(metrics.acknowledgement)],
      ['Delivery', latency(metrics.delivery)],
      ['Connection opening', latency(metrics.connection_opening)],
      ['Requests', latency(metrics.requests)],
      ['Database queries', latency(database.queries)],
      ['Database pool', `${format(database.pool)}, wait ${database.pool_wait_ms} ms`],
      ...Object.entries(metrics.caches).map(([name, { hits, misses }]) => [
        `Cache ${name}`,
        `${hits} hits, ${misses} misses`,
      ]),
      ['Refused by rate limits', format(metrics.limits_hit)],
      ['Errors', format(metrics.errors)],
      ['Event loop lag', `${metrics.event_loop_lag_ms} ms`],
    ]),
  );
}

async function printTrends(url: string, what: string, json?: boolean): Promise<void> {
  if (!(what in TRENDS))
    throw new CommandFailed(`There is no trend of ${what}, only of ${Object.keys(TRENDS).join(' and ')}.`);
  const columns = TRENDS[what as keyof typeof TRENDS];
  const { hours } = await asAdmin(url, (api) => api.get<AdminStatsDto>('/api/v1/admin/stats'));
  if (json)
    return printJson(
      hours.map((hour) => ({ hour: hour.hour, ...Object.fromEntries(columns.map((c) => [c, hour[c]])) })),
    );
  const rows = hours.map((hour) => [hour.hour.slice(0, 16), ...columns.map((column) => String(hour[column]))]);
  print(...table([['Hour (UTC)', ...columns], ...rows]));
}

function latency({ count, p50_ms, p95_ms, p99_ms }: LatencyDto): string {
  return count === 0 ? 'none yet' : `${count}; p50 ${p50_ms} ms, p95 ${p95_ms} ms, p99 ${p99_ms} ms`;
}

function nodeRow({ id, role, connections, messages, deliveries, event_loop_lag_ms, memory_bytes }: NodeDto): string[] {
  const total = Object.values(connections).reduce((sum, count) => sum + count, 0);
  const counts = [total, messages, deliveries].map(String);
  return [id, role, ...counts, `${event_loop_lag_ms} ms`, mebibytes(memory_bytes)];
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
