import type pg from 'pg';

/** A table of ours and what has to be there before its rows. */
export interface OwnTable {
  readonly name: string;
  /** Without those that only mean something to the cluster they were written in, see `tablesOf`. */
  readonly columns: readonly string[];
  readonly references: readonly string[];
}

/** Written by migrations as they run, not by a restore. */
export const MIGRATIONS_TABLE = 'schema_migrations';

/**
 * Columns of the type xid8 stay out: they hold ids of transactions of this cluster, and by their default get that of
 * the transaction that brings their row back. So do generated ones. Unlogged tables (presence) do not outlive a server.
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
     and c.relname <> '${MIGRATIONS_TABLE}'
     and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
   order by c.relname`;

/**
 * Every table that a backup holds, those others refer to first.
 * @throws Error when they refer to each other in a circle
 */
export async function tablesOf(client: pg.ClientBase): Promise<OwnTable[]> {
  const { rows: waiting } = await client.query<OwnTable>(TABLES);
  const ordered: OwnTable[] = [];
  while (waiting.length > 0) {
    const names = new Set(waiting.map(({ name }) => name));
    const free = waiting.filter(({ references }) => !references.some((name) => names.has(name)));
    if (free.length === 0) throw new Error(`These tables refer to each other: ${[...names].join(', ')}.`);
    ordered.push(...free);
    for (const table of free) waiting.splice(waiting.indexOf(table), 1);
  }
  return ordered;
}

/** Steps of the schema this database has, oldest first; none for an empty one. */
export async function appliedMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows: known } = await client.query(
    `select from pg_class where oid = to_regclass('public.${MIGRATIONS_TABLE}')`,
  );
  if (known.length === 0) return [];
  const { rows } = await client.query<{ name: string }>(`select name from ${MIGRATIONS_TABLE} order by timestamp, id`);
  return rows.map(({ name }) => name);
}

const SEQUENCES = `
  select schemaname || '.' || sequencename as name, last_value::text as value
    from pg_sequences where schemaname = 'public' and sequencename not like '${MIGRATIONS_TABLE}%' and last_value is not null`;

export async function sequencesOf(client: pg.ClientBase): Promise<{ name: string; value: string }[]> {
  return (await client.query<{ name: string; value: string }>(SEQUENCES)).rows;
}

/** Rows of one table as COPY takes and gives them. */
export function copyTarget({ name, columns }: Pick<OwnTable, 'name' | 'columns'>): string {
  return `public."${name}" (${columns.map((column) => `"${column}"`).join(', ')})`;
}
