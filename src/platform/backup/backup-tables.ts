import type pg from 'pg';
import { MIGRATIONS_TABLE } from '../database/migrations.js';

/** A table of this program and the tables whose rows must be restored before its own. */
export interface OwnTable {
  readonly name: string;
  /** Without columns that are only valid in the database cluster they were written in, see `TABLES`. */
  readonly columns: readonly string[];
  readonly references: readonly string[];
}

/** Written by the migrations that run during a restore, not from the backup. */
const SCHEMA_TABLES = `('${MIGRATIONS_TABLE}', 'schema_functions')`;

/**
 * Columns of type xid8 are left out: they contain transaction ids of this database cluster, and by their default they
 * get the id of the transaction that restores their row. Generated columns are left out too. So are unlogged tables
 * (presence), which do not survive a crash of the server.
 */
const TABLES = `
  select c.relname as name,
         (select json_agg(a.attname order by a.attnum) from pg_attribute a
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
             and a.atttypid <> 'xid8'::regtype) as columns,
         (select coalesce(json_agg(distinct f.confrelid::regclass::text), '[]') from pg_constraint f
           where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as references
    from pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relpersistence = 'p'
     and c.relname not in ${SCHEMA_TABLES}
     and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
   order by c.relname`;

/**
 * Returns every table of a backup, referenced tables first.
 *
 * @throws Error when tables reference each other in a cycle
 */
export async function tablesOf(client: pg.ClientBase): Promise<OwnTable[]> {
  const { rows: remaining } = await client.query<OwnTable>(TABLES);
  const ordered: OwnTable[] = [];
  while (remaining.length > 0) {
    const names = new Set(remaining.map(({ name }) => name));
    const ready = remaining.filter(({ references }) => !references.some((name) => names.has(name)));
    if (ready.length === 0) throw new Error(`These tables reference each other: ${[...names].join(', ')}.`);
    ordered.push(...ready);
    for (const table of ready) remaining.splice(remaining.indexOf(table), 1);
  }
  return ordered;
}

const SEQUENCES = `
  select schemaname || '.' || sequencename as name, last_value::text as value
    from pg_sequences where schemaname = 'public' and sequencename not like '${MIGRATIONS_TABLE}%' and last_value is not null`;

export async function sequencesOf(client: pg.ClientBase): Promise<{ name: string; value: string }[]> {
  return (await client.query<{ name: string; value: string }>(SEQUENCES)).rows;
}

/** The table and columns of a COPY statement. */
export function copyTarget({ name, columns }: Pick<OwnTable, 'name' | 'columns'>): string {
  return `public."${name}" (${columns.map((column) => `"${column}"`).join(', ')})`;
}
