import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import { BUILT_IN_ACCOUNTS } from '../users/system-user.constants.js';
import type { NodeStats } from './activity/node-stats.js';

export interface UserCounts {
  total: number;
  banned: number;
  deleted: number;
  new_today: number;
  new_this_week: number;
  by_role: Record<string, number>;
}

export interface StorageCounts {
  category: string;
  files: number;
  bytes: number;
}

export interface HourRow {
  hour: Date;
  name: string;
  label: string;
  count: number;
}

export interface NodeRow {
  id: string;
  role: string;
  version: string;
  started_at: Date;
  seen_at: Date;
  figures: NodeStats & { serves?: boolean; redis?: string | null };
}

export interface BacklogRow {
  outbox: number;
  outbox_oldest_at: Date | null;
  waiting: number;
  queued: number;
  failed: number;
}

/** Without the built-in accounts. */
const USERS = statement<UserCounts>(
  'admin.count_users',
  `select coalesce(sum(total), 0)::bigint as total, coalesce(sum(banned), 0)::bigint as banned,
          coalesce(sum(deleted), 0)::bigint as deleted, coalesce(sum(new_today), 0)::bigint as new_today,
          coalesce(sum(new_this_week), 0)::bigint as new_this_week, coalesce(json_object_agg(role, total), '{}') as by_role
     from (select role, count(*) filter (where deleted_at is null) as total,
                  count(*) filter (where user_is_banned(banned_at, banned_until) and deleted_at is null) as banned,
                  count(*) filter (where deleted_at is not null) as deleted,
                  count(*) filter (where created_at >= date_trunc('day', now(), 'UTC')) as new_today,
                  count(*) filter (where created_at >= now() - interval '7 days') as new_this_week
             from users where id not in (${BUILT_IN_ACCOUNTS}) group by role) r`,
);

const CONVERSATIONS = statement<{ type: string; count: number }>(
  'admin.count_conversations',
  `select type, count(*) as count from conversations where deleted_at is null group by type`,
);

/** Reads the stream heads: one row a conversation, however many messages it has. */
const MESSAGES = statement<{ total: number }>(
  'admin.count_messages',
  `select coalesce(sum(last_number), 0)::bigint as total from stream_heads`,
);

const ONLINE = statement<{ count: number }>(
  'admin.count_online',
  `select count(*) as count from presence_settings where announced_status <> 'offline'`,
);

const FILES = statement<StorageCounts>(
  'admin.count_files',
  `select category, count(*) as files, sum(size)::bigint as bytes from files where deleted_at is null group by category`,
);

const SIZES = statement<{ database_bytes: number; messages_bytes: number }>(
  'admin.read_sizes',
  `select pg_database_size(current_database()) as database_bytes,
          pg_total_relation_size('messages') + pg_total_relation_size('events') as messages_bytes`,
);

const DAYS = statement<{ day: string; people: number; messages: number }>(
  'admin.read_days',
  `select to_char(d.day, 'YYYY-MM-DD') as day, coalesce(a.people, 0) as people, coalesce(m.messages, 0)::bigint as messages
     from generate_series((now() at time zone 'UTC')::date - ($1::int - 1), (now() at time zone 'UTC')::date, interval '1 day') d (day)
     left join activity_days a on a.day = d.day::date
     left join (select (hour at time zone 'UTC')::date as day, sum(count) as messages from activity_hours
                 where name = 'messages' and hour >= ((now() at time zone 'UTC')::date - ($1::int - 1)) at time zone 'UTC'
                 group by 1) m on m.day = d.day::date
    order by d.day`,
);

const HOURS = statement<HourRow>(
  'admin.read_hours',
  `select hour, name, label, count from activity_hours
    where hour > date_trunc('hour', now(), 'UTC') - $1 * interval '1 hour' order by hour`,
);

const NODES = statement<NodeRow>(
  'admin.read_nodes',
  `select id, role, version, started_at, seen_at, figures from nodes
    where seen_at > now() - interval '30 seconds' order by started_at, id`,
);

/** The backlog of webhooks. Each count stops at 100,000: above that the exact number does not matter. */
const BACKLOG = statement<BacklogRow>(
  'admin.read_backlog',
  `select (select count(*) from (select from outbox limit 100000) o) as outbox,
          (select at from outbox order by id limit 1) as outbox_oldest_at,
          (select count(*) from (select from webhook_deliveries where status = 'waiting' limit 100000) d) as waiting,
          (select count(*) from (select from webhook_deliveries where status = 'queued' limit 100000) d) as queued,
          (select count(*) from (select from webhook_deliveries where status = 'failed' limit 100000) d) as failed`,
);

/** Every statement of the dashboard, with values to run it with; their cost is measured with five million messages. */
export const DASHBOARD_STATEMENTS = [
  { statement: USERS, values: [] },
  { statement: CONVERSATIONS, values: [] },
  { statement: MESSAGES, values: [] },
  { statement: ONLINE, values: [] },
  { statement: FILES, values: [] },
  { statement: SIZES, values: [] },
  { statement: DAYS, values: [30] },
  { statement: HOURS, values: [48] },
  { statement: NODES, values: [] },
  { statement: BACKLOG, values: [] },
] as const;

/**
 * The statistics of the dashboard. No statement counts messages or events: heads and hours contain the numbers already.
 * Owns nothing. Reads: users, conversations, stream_heads, presence_settings, files, activity_days, activity_hours,
 * nodes, outbox, webhook_deliveries.
 */
@Injectable()
export class AdminRepository {
  constructor(private readonly sql: Sql) {}

  async users(): Promise<UserCounts> {
    return (await this.sql.one(USERS))!;
  }

  conversations(): Promise<{ type: string; count: number }[]> {
    return this.sql.many(CONVERSATIONS);
  }

  /** Messages ever stored, including deleted ones. */
  async messageCount(): Promise<number> {
    return (await this.sql.one(MESSAGES))!.total;
  }

  /** Users whose visible status is not offline. */
  async onlineCount(): Promise<number> {
    return (await this.sql.one(ONLINE))!.count;
  }

  files(): Promise<StorageCounts[]> {
    return this.sql.many(FILES);
  }

  async sizes(): Promise<{ database_bytes: number; messages_bytes: number }> {
    return (await this.sql.one(SIZES))!;
  }

  /** The last `days` days, today included, oldest first. */
  days(days: number): Promise<{ day: string; people: number; messages: number }[]> {
    return this.sql.many(DAYS, [days]);
  }

  /** The counts of the last `hours` hours, this one included; an hour without counts has no rows. */
  hours(hours: number): Promise<HourRow[]> {
    return this.sql.many(HOURS, [hours]);
  }

  /** Processes that reported within the last half minute. */
  nodes(): Promise<NodeRow[]> {
    return this.sql.many(NODES);
  }

  async backlog(): Promise<BacklogRow> {
    return (await this.sql.one(BACKLOG))!;
  }
}
