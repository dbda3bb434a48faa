import { Injectable } from '@nestjs/common';
import { QueueDepths } from '../../platform/queue/queue-depths.js';
import type {
  AdminQueuesDto,
  AdminStatsDto,
  BacklogDto,
  ConnectionFiguresDto,
  HourFiguresDto,
  NodeDto,
  StorageFiguresDto,
} from './admin.dto.js';
import {
  AdminRepository,
  type BacklogRow,
  type HourRow,
  type NodeRow,
  type StorageCounts,
} from './admin.repository.js';

const DAYS = 30;
const HOURS = 48;
/** One connection each would be ten of the pool's at once: half of them wait for the other half. */
const AT_ONCE = 2;

/** The figures of the dashboard: ten statements that count no message and no event. */
@Injectable()
export class DashboardStats {
  constructor(
    private readonly repository: AdminRepository,
    private readonly depths: QueueDepths,
  ) {}

  async read(): Promise<AdminStatsDto> {
    const { repository } = this;
    const [users, conversations, total, online, files, sizes, days, hours, nodes, backlog] = await inTurn([
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
    const shown = toHours(hours);
    const thisHour = shown.find(({ hour }) => hour.slice(0, 13) === new Date().toISOString().slice(0, 13));
    const byType = Object.fromEntries(conversations.map(({ type, count }) => [type, count]));
    return {
      as_of: new Date().toISOString(),
      users: { ...users, online },
      conversations: { total: sum(Object.values(byType)), by_type: byType },
      messages: { total, today: days.at(-1)?.messages ?? 0, this_hour: thisHour?.messages ?? 0 },
      storage: toStorage(files, sizes),
      days,
      hours: shown,
      connections: toConnections(nodes),
      deliveries: toBacklog(backlog),
      limits_hit: added(shown.filter(({ hour }) => hour.startsWith(today)).map(({ limits_hit }) => limits_hit)),
    };
  }

  /** Work that waits, in the queues and for outsiders. @throws ServiceUnavailable */
  async queues(): Promise<AdminQueuesDto> {
    const [depths, backlog] = await Promise.all([this.depths.read(), this.repository.backlog()]);
    return { data: depths.map(({ name, jobs }) => ({ name, jobs })), deliveries: toBacklog(backlog) };
  }

  async nodes(): Promise<NodeDto[]> {
    return (await this.repository.nodes()).map(toNode);
  }
}

/** Runs all of it, two at a time; answers in the order given. */
async function inTurn<const Works extends readonly (() => Promise<unknown>)[]>(
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

function toConnections(rows: readonly NodeRow[]): ConnectionFiguresDto {
  const nodes = rows.map(toNode);
  const byTransport = added(nodes.map(({ connections }) => connections));
  return { total: sum(Object.values(byTransport)), by_transport: byTransport, nodes };
}

function toStorage(
  counts: readonly StorageCounts[],
  sizes: { database_bytes: number; messages_bytes: number },
): StorageFiguresDto {
  return {
    files: sum(counts.map(({ files }) => files)),
    bytes: sum(counts.map(({ bytes }) => bytes)),
    by_category: Object.fromEntries(counts.map(({ category, bytes }) => [category, bytes])),
    ...sizes,
  };
}

function toHours(rows: readonly HourRow[]): HourFiguresDto[] {
  const hours = new Map<string, HourFiguresDto>();
  for (const { hour: at, name, label, count } of rows) {
    const hour = at.toISOString();
    let figures = hours.get(hour);
    if (!figures) {
      figures = { hour, people: 0, messages: 0, deliveries: 0, connections: 0, limits_hit: {}, webhooks: {} };
      hours.set(hour, figures);
    }
    if (name === 'limits') figures.limits_hit[label] = count;
    else if (name === 'webhooks') figures.webhooks[label] = count;
    else if (name === 'people' || name === 'messages' || name === 'deliveries' || name === 'connections') {
      figures[name] = count;
    }
  }
  return [...hours.values()];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function added(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of counts) for (const [name, count] of Object.entries(each)) total[name] = (total[name] ?? 0) + count;
  return total;
}
