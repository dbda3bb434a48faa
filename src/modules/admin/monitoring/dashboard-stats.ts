import { Injectable } from '@nestjs/common';
import { QueueDepths } from '../../../platform/queue/queue-depths.js';
import type { AdminQueuesDto } from './monitoring.dto.js';
import type {
  AdminStatsDto,
  BacklogDto,
  ConnectionStatsDto,
  HourStatsDto,
  NodeDto,
  StorageStatsDto,
} from './stats.dto.js';
import {
  AdminRepository,
  type BacklogRow,
  type HourRow,
  type NodeRow,
  type StorageCounts,
} from '../admin.repository.js';

const DAYS = 30;
const HOURS = 48;
/**
 * Ten statements at a time would need ten connections of the pool, and concurrent requests would wait for each other.
 */
const AT_ONCE = 2;

/** The statistics of the dashboard: ten statements, none of which counts messages or events. */
@Injectable()
export class DashboardStats {
  constructor(
    private readonly repository: AdminRepository,
    private readonly depths: QueueDepths,
  ) {}

  async read(): Promise<AdminStatsDto> {
    const { repository } = this;
    const [users, conversations, total, online, files, sizes, days, hours, nodes, backlog] = await twoAtATime([
      () => repository.users(),
      () => repository.conversations(),
      () => repository.messageCount(),
      () => repository.onlineCount(),
      () => repository.files(),
      () => repository.sizes(),
      () => repository.days(DAYS),
      () => repository.hours(HOURS),
      () => repository.nodes(),
      () => repository.backlog(),
    ]);
    const today = new Date().toISOString().slice(0, 10);
    const recentHours = toHours(hours);
    const thisHour = recentHours.find(({ hour }) => hour.slice(0, 13) === new Date().toISOString().slice(0, 13));
    const byType = Object.fromEntries(conversations.map(({ type, count }) => [type, count]));
    return {
      as_of: new Date().toISOString(),
      users: { ...users, online },
      conversations: { total: sum(Object.values(byType)), by_type: byType },
      messages: { total, today: days.at(-1)?.messages ?? 0, this_hour: thisHour?.messages ?? 0 },
      storage: toStorage(files, sizes),
      days,
      hours: recentHours,
      connections: toConnections(nodes),
      deliveries: toBacklog(backlog),
      limits_hit: sumByName(
        recentHours.filter(({ hour }) => hour.startsWith(today)).map(({ limits_hit }) => limits_hit),
      ),
    };
  }

  /** Pending work of the queues and of webhooks. @throws ServiceUnavailable */
  async queues(): Promise<AdminQueuesDto> {
    const [depths, backlog] = await Promise.all([this.depths.read(), this.repository.backlog()]);
    return { data: depths.map(({ name, jobs }) => ({ name, jobs })), deliveries: toBacklog(backlog) };
  }

  async nodes(): Promise<NodeDto[]> {
    return (await this.repository.nodes()).map(toNode);
  }
}

/** Runs all functions, two at a time; returns the results in the given order. */
async function twoAtATime<const Works extends readonly (() => Promise<unknown>)[]>(
  works: Works,
): Promise<{ -readonly [Index in keyof Works]: Awaited<ReturnType<Works[Index]>> }> {
  const results: unknown[] = [];
  const left = [...works.entries()];
  const runner = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await next[1]();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  return results as never;
}

function toBacklog({ outbox_oldest_at, ...counts }: BacklogRow): BacklogDto {
  return { ...counts, outbox_oldest_at: outbox_oldest_at?.toISOString() ?? null };
}

function toNode({ id, role, version, started_at, seen_at, figures }: NodeRow): NodeDto {
  return { id, role, version, started_at: started_at.toISOString(), seen_at: seen_at.toISOString(), ...figures };
}

function toConnections(rows: readonly NodeRow[]): ConnectionStatsDto {
  const nodes = rows.map(toNode);
  const byTransport = sumByName(nodes.map(({ connections }) => connections));
  return { total: sum(Object.values(byTransport)), by_transport: byTransport, nodes };
}

function toStorage(
  counts: readonly StorageCounts[],
  sizes: { database_bytes: number; messages_bytes: number },
): StorageStatsDto {
  return {
    files: sum(counts.map(({ files }) => files)),
    bytes: sum(counts.map(({ bytes }) => bytes)),
    by_category: Object.fromEntries(counts.map(({ category, bytes }) => [category, bytes])),
    ...sizes,
  };
}

function toHours(rows: readonly HourRow[]): HourStatsDto[] {
  const hours = new Map<string, HourStatsDto>();
  for (const { hour: at, name, label, count } of rows) {
    const hour = at.toISOString();
    let stats = hours.get(hour);
    if (!stats) {
      stats = { hour, people: 0, messages: 0, deliveries: 0, connections: 0, limits_hit: {}, webhooks: {} };
      hours.set(hour, stats);
    }
    if (name === 'limits') stats.limits_hit[label] = count;
    else if (name === 'webhooks') stats.webhooks[label] = count;
    else if (name === 'people' || name === 'messages' || name === 'deliveries' || name === 'connections') {
      stats[name] = count;
    }
  }
  return [...hours.values()];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function sumByName(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of counts) for (const [name, count] of Object.entries(each)) total[name] = (total[name] ?? 0) + count;
  return total;
}
