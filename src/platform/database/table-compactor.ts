import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import pg from 'pg';
import { Config } from '../config/config.js';
import { Sql, statement } from './sql.js';

/** A table whose rows may be moved, and a column of it to write over with itself. */
export interface CompactableTable {
  readonly name: string;
  readonly column: string;
}

const BATCH_PAGES = 64;
/** 200 MiB: what is left is done by the next run. */
const MOST_BATCHES = 400;
/** A row is written into its own page as long as there is room; so often it takes at most to fill a page. */
const MOST_REWRITES = 200;
/** Of the rows of a batch: when more than this found no place further in front, there is none to speak of. */
const STAYED = 0.1;
const FILLED = 0.9;

const ESTIMATE = statement<{ bytes: number }>(
  'database.estimate_loose_bytes',
  `select coalesce(sum(greatest(0, pg_relation_size(c.oid) - c.reltuples * (28 + w.width) / ${FILLED})), 0)::bigint as bytes
     from pg_class c
    cross join lateral (select sum(s.avg_width) as width from pg_stats s
                         where s.schemaname = 'public' and s.tablename = c.relname) w
    where c.oid = any($1::regclass[]) and c.reltuples > 0`,
);

/**
 * Gives space of tables back to the disk while they are used: VACUUM frees what is dead, rows of the last pages are
 * written over with themselves until they have moved into the free space in front, and VACUUM cuts off the empty end.
 * No lock but those of the rows of one batch, and for the cut one nobody has to wait for. Indexes keep their size.
 */
@Injectable()
export class TableCompactor implements OnModuleDestroy {
  private client: pg.Client | undefined;

  constructor(
    private readonly config: Config,
    private readonly sql: Sql,
  ) {}

  /** A run under way fails. */
  async onModuleDestroy(): Promise<void> {
    await this.client?.end().catch(() => undefined);
  }

  /** About how many bytes `giveBack` would find, by the statistics of the last ANALYZE. */
  async estimate(tables: readonly CompactableTable[]): Promise<number> {
    return (await this.sql.one(ESTIMATE, [tables.map(({ name }) => name)]))?.bytes ?? 0;
  }

  /** Answers how many bytes the disk has back. One run at a time in a process. */
  async giveBack(tables: readonly CompactableTable[]): Promise<number> {
    const client = new pg.Client({ connectionString: this.config.databaseUrl, application_name: 'parley-space' });
    client.on('error', () => undefined); // the statement that is under way fails, too
    this.client = client;
    await client.connect();
    try {
      let bytes = 0;
      for (const table of tables) bytes += await shrink(client, table);
      return bytes;
    } finally {
      this.client = undefined;
      await client.end();
    }
  }
}

async function shrink(client: pg.Client, { name, column }: CompactableTable): Promise<number> {
  const table = client.escapeIdentifier(name);
  const before = await pagesOf(client, table);
  await client.query(`vacuum (index_cleanup on) ${table}`);
  let end = await pagesOf(client, table);
  for (let batch = 0; batch < MOST_BATCHES && end > BATCH_PAGES; batch++) {
    const start = end - BATCH_PAGES;
    if (!(await moveForward(client, { table, column: client.escapeIdentifier(column), start, end }))) break;
    end = start;
  }
  await client.query(`vacuum (index_cleanup on, analyze) ${table}`);
  return Math.max(0, before - (await pagesOf(client, table))) * 8192;
}

interface Tail {
  readonly table: string;
  readonly column: string;
  readonly start: number;
  readonly end: number;
}

/**
 * In one transaction, so that the room a row leaves behind is not taken for free. What somebody else has locked stays.
 * Answers false, having changed nothing, when there is no room in front.
 */
async function moveForward(client: pg.Client, { table, column, start, end }: Tail): Promise<boolean> {
  const move = `with tail as materialized (
      select ctid from ${table} where ctid >= '(${start},0)' and ctid < '(${end},0)' for no key update skip locked
    ), moved as (
      update ${table} t set ${column} = t.${column} from tail where t.ctid = tail.ctid returning t.ctid
    )
    select count(*) filter (where page >= ${start})::int as behind, count(*) filter (where page >= ${end})::int as beyond,
           count(*)::int as count
      from moved cross join lateral (select (moved.ctid::text::point)[0]::bigint as page) p`;
  await client.query('begin');
  let [total, beyond] = [0, 0];
  for (let rewrite = 0; rewrite < MOST_REWRITES; rewrite++) {
    const { rows } = await client.query<{ behind: number; beyond: number; count: number }>(move);
    const { behind, beyond: further, count } = rows[0]!;
    if (rewrite === 0) total = count;
    beyond += further;
    if (beyond > total * STAYED) {
      await client.query('rollback');
      return false;
    }
    if (behind === further) break;
  }
  await client.query('commit');
  return true;
}

async function pagesOf(client: pg.Client, table: string): Promise<number> {
  const { rows } = await client.query<{ pages: number }>(
    `select (pg_relation_size($1::regclass) / 8192)::int as pages`,
    [table],
  );
  return rows[0]!.pages;
}
