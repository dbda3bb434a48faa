import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../../platform/database/sql.js';

/** The growth of one counter in the current hour. */
export interface HourCount {
  readonly name: string;
  readonly label: string;
  readonly count: number;
}

export interface NodeReport {
  readonly id: string;
  readonly role: string;
  readonly version: string;
  readonly startedAt: Date;
  readonly stats: object;
}

/** The state of the other processes. */
export interface OtherNodes {
  /** Whether one of them serves requests. */
  readonly serves: boolean;
  /** The URLs of the Redis servers they use, without credentials; an empty text for none. */
  readonly redis: readonly string[];
}

const REPORT_NODE = statement<unknown>(
  'admin.report_node',
  `insert into nodes (id, role, version, started_at, figures) values ($1, $2, $3, $4, $5)
   on conflict (id) do update set seen_at = now(), figures = excluded.figures`,
);

const DELETE_NODE = statement<unknown>(
  'admin.forget_node',
  `delete from nodes where id = $1 or seen_at < now() - interval '10 minutes'`,
);

/** Processes of an older version report neither value. */
const OTHER_NODES = statement<OtherNodes>(
  'admin.other_nodes',
  `select coalesce(bool_or(role <> 'worker' and (figures->>'serves')::boolean is not false), false) as serves,
          coalesce(array_agg(distinct coalesce(figures->>'redis', '')) filter (where figures ? 'redis'), '{}') as redis
     from nodes where id <> $1 and seen_at > greatest($2, now() - interval '30 seconds')`,
);

const ADD_COUNTS = statement<unknown>(
  'admin.add_hour_counts',
  `insert into activity_hours as a (hour, name, label, count)
   select date_trunc('hour', now(), 'UTC'), name, label, count
     from json_to_recordset($1) as c (name text, label text, count bigint) order by name, label
   on conflict (hour, name, label) do update set count = a.count + excluded.count`,
);

/**
 * In the order of ids, so that two nodes that report the same users cannot deadlock. Users who no longer exist are left
 * out; the others exist until the commit.
 */
const ADD_ACTIVE_USERS = statement<unknown>(
  'admin.add_active_people',
  `insert into active_people as a (day, user_id, hours)
   select (now() at time zone 'UTC')::date, id, 1 << extract(hour from now() at time zone 'UTC')::int
     from users where id = any($1::uuid[]) order by id for key share
   on conflict (day, user_id) do update set hours = a.hours | excluded.hours where a.hours & excluded.hours = 0`,
);

const COUNT_DAYS = statement<unknown>(
  'admin.sum_up_days',
  `insert into activity_days as d (day, people)
   select day, count(*) from active_people where day >= (now() at time zone 'UTC')::date - 1 group by day
   on conflict (day) do update set people = excluded.people`,
);

const COUNT_HOURS = statement<unknown>(
  'admin.sum_up_hours',
  `insert into activity_hours as a (hour, name, label, count)
   select (day + h * interval '1 hour') at time zone 'UTC', 'people', '', people
     from (select day, h, count(*) filter (where hours & (1 << h) <> 0) as people
             from active_people, generate_series(0, 23) h
            where day >= (now() at time zone 'UTC')::date - 1 group by day, h) t
    where people > 0
   on conflict (hour, name, label) do update set count = excluded.count`,
);

const DELETE_ACTIVE_USERS = statement<unknown>(
  'admin.forget_active_people',
  `delete from active_people where ctid = any (array(
     select ctid from active_people where day < (now() at time zone 'UTC')::date - 2 limit 10000))`,
);

const DELETE_HOURS = statement<unknown>(
  'admin.forget_activity_hours',
  `delete from activity_hours where hour < now() - interval '90 days'`,
);

/** Owns: nodes, activity_hours, active_people, activity_days. Reads: users. */
@Injectable()
export class ActivityRepository {
  constructor(private readonly sql: Sql) {}

  async reportNode({ id, role, version, startedAt, stats }: NodeReport): Promise<void> {
    await this.sql.run(REPORT_NODE, [id, role, version, startedAt, stats]);
  }

  /** Deletes this node, and those that have not reported for ten minutes. */
  async deleteNode(id: string): Promise<void> {
    await this.sql.run(DELETE_NODE, [id]);
  }

  /** Returns the state of the other processes that have reported since then and within half a minute. */
  async otherNodes(id: string, since: Date): Promise<OtherNodes> {
    return (await this.sql.one(OTHER_NODES, [id, since]))!;
  }

  async addCounts(counts: readonly HourCount[]): Promise<void> {
    if (counts.length > 0) await this.sql.run(ADD_COUNTS, [JSON.stringify(counts)]);
  }

  async addActiveUsers(userIds: readonly string[]): Promise<void> {
    if (userIds.length > 0) await this.sql.run(ADD_ACTIVE_USERS, [userIds]);
  }

  /** Counts the users of yesterday and today, by day and by hour. Returns the number of counts. */
  async countActiveUsers(): Promise<number> {
    return (await this.sql.run(COUNT_DAYS)) + (await this.sql.run(COUNT_HOURS));
  }

  /** Deletes up to ten thousand rows. Returns how many. */
  deleteActiveUsers(): Promise<number> {
    return this.sql.run(DELETE_ACTIVE_USERS);
  }

  deleteHours(): Promise<number> {
    return this.sql.run(DELETE_HOURS);
  }
}
