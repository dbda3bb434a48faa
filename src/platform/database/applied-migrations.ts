import type pg from 'pg';

/** The table in which TypeORM records the applied migrations. */
export const MIGRATIONS_TABLE = 'schema_migrations';

/** The first of the migrations that were replaced by one baseline per module before the first release. */
const FORMER_FIRST = 'CreateStreams1763700000000';

/** Returns the applied migrations of a database, oldest first; none for an empty database. */
export async function appliedMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows: known } = await client.query(
    `select from pg_class where oid = to_regclass('public.${MIGRATIONS_TABLE}')`,
  );
  if (known.length === 0) return [];
  const { rows } = await client.query<{ name: string }>(`select name from ${MIGRATIONS_TABLE} order by timestamp, id`);
  return rows.map(({ name }) => name);
}

/** Whether these migrations were applied by a development version from before the first release. */
export function isFormerSchema(migrations: readonly string[]): boolean {
  return migrations.includes(FORMER_FIRST);
}
