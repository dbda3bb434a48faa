import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import pg from 'pg';
import { Config } from '../config/config.js';
import { Sql, statement } from './sql.js';

/** A table whose rows may be moved, and a column that is updated to its own value. */
export interface CompactableTable {
  readonly name: string;
  readonly column: string;
}

const BATCH_PAGES = 64;
/** 200 MiB; the next run continues. */
const MAX_BATCHES = 400;
/** An update writes a row into its own page while that has free space. This many updates fill any page. */
const MAX_REWRITES = 200;
/** If more than this fraction of a batch found no free space further in front, there is practically none. */
const MAX_UNMOVED = 0.1;
const FILL_FACTOR = 0.9;

const ESTIMATE = statement<{ bytes: number }>(
  'database.estimate_loose_bytes',
  `select coalesce(sum(greatest(0, pg_relation_size(c.oid) - c.reltuples * (28 + w.width) / ${FILL_FACTOR})), 0)::bigint as bytes
     from pg_class c
    cross join lateral (select sum(s.avg_width) as width from pg_stats s
                         where s.schemaname = 'public' and s.tablename = c.relname) w
    where c.oid = any($1::regclass[]) and c.reltuples > 0`,
);

/**
 * Returns disk space of tables while they are in use: VACUUM frees dead rows, rows of the last pages are updated until
 * they have moved into free space in front, and VACUUM truncates the empty end. The only locks are those of the rows of
 * one batch, and for the truncation one that VACUUM gives up if others wait for it. Indexes keep their size.
 */
@Injectable()
export class TableCompactor implements OnModuleDestroy {
  private client: pg.Client | undefined;

  constructor(
    private readonly config: Config,
    private readonly sql: Sql,
  ) {}

  /** Makes a running compaction fail. */
  async onModuleDestroy(): Promise<void> {
    await this.client?.end().catch(() => undefined);
  }

  /** Estimates the bytes that `compact` would free, from the statistics of the last ANALYZE. */
  async estimate(tables: readonly CompactableTable[]): Promise<number> {
    return (await this.sql.one(ESTIMATE, [tables.map(({ name }) => name)]))?.bytes ?? 0;
  }

  /** Returns the number of bytes freed on disk. Only one run at a time in a process. */
  async compact(tables: readonly CompactableTable[]): Promise<number> {
    const client = new pg.Client({ connectionString: this.config.databaseUrl, application_name: 'parley-space' });
    client.on('error', () => undefined); // the running statement fails too
    this.client = client;
    await client.connect();
    try {
      let bytes = 0;
      for (const table of tables) bytes += await compactTable(client, table);
      return bytes;
    } finally {
      this.client = undefined;
      await client.end();
    }
  }
}

async function compactTable(client: pg.Client, { name, column }: CompactableTable): Promise<number> {
  const table = client.escapeIdentifier(name);
  const before = await pagesOf(client, table);
  await client.query(`vacuum (index_cleanup on) ${table}`);
  let end = await pagesOf(client, table);
  for (let batch = 0; batch < MAX_BATCHES && end > BATCH_PAGES; batch++) {
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
 * Moves the rows of the last pages in one transaction, so that the space a row leaves is not reused at once. Rows
 * locked by others are skipped. Returns false, without any change, if there is no free space in front.
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
  for (let rewrite = 0; rewrite < MAX_REWRITES; rewrite++) {
    const { rows } = await client.query<{ behind: number; beyond: number; count: number }>(move);
    const { behind, beyond: further, count } = rows[0]!;
    if (rewrite === 0) total = count;
    beyond += further;
    if (beyond > total * MAX_UNMOVED) {
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
