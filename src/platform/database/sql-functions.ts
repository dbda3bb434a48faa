import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { readPackage } from '../process/program-files.js';

/**
 * The files of all SQL functions, relative to `src/`: beside their module, listed like the migrations. A file contains
 * one function, with its overloads, as `create or replace`. A function in SQL is listed after those that it calls.
 */
export const SQL_FUNCTIONS = [
  'modules/admin/audit/sql/refuse-audit-change.sql',
  'modules/conversations/sql/forget-folded-title.sql',
  'modules/conversations/sql/under-legal-hold.sql',
  'modules/files/sql/file-json.sql',
  'modules/files/sql/let-go-of-files.sql',
  'modules/participants/sql/feature-is-off.sql',
  'modules/participants/sql/role-rank.sql',
  'modules/messages/sql/has-link.sql',
  'modules/messages/sql/is-in-audience.sql',
  'modules/messages/sql/append-messages.sql',
  'modules/messages/sql/append-system-message.sql',
  'modules/messages/sql/hidden-unread-mentions.sql',
  'modules/messages/sql/hidden-unread-messages.sql',
  'modules/messages/sql/message-number-at.sql',
  'modules/messages/sql/note-message-change.sql',
  'modules/messages/sql/open-streaming-messages.sql',
  'modules/messages/sql/own-messages-above.sql',
  'modules/messages/sql/recount-threads.sql',
  'modules/messages/sql/search-spans.sql',
  'modules/messages/sql/send-outcome.sql',
  'modules/messages/sql/shadow-system-message.sql',
  'modules/messages/sql/store-limited-messages.sql',
  'modules/messages/sql/store-mentions.sql',
  'modules/messages/sql/store-replies.sql',
  'modules/messages/sql/unread-count-after-mark.sql',
  'modules/messages/sql/unread-count.sql',
  'modules/messages/sql/unread-mentions.sql',
  'modules/messages/sql/unread-system-messages.sql',
  'modules/messages/sql/unread-messages.sql',
  'modules/participants/sql/count-participants.sql',
  'modules/participants/sql/mark-participants.sql',
  'modules/participants/sql/participant-is-muted.sql',
  'modules/participants/sql/read-state-after-mark.sql',
  'modules/presence/sql/settle-presence.sql',
  'modules/users/sql/user-is-banned.sql',
  'platform/event-log/sql/outbox-wants.sql',
  'platform/event-log/sql/outbox-write.sql',
] as const;

export type SqlFunctionPath = (typeof SQL_FUNCTIONS)[number];

interface SqlFunctionFile {
  readonly path: SqlFunctionPath;
  readonly text: string;
  /** SHA-256 of the text, in hex. */
  readonly hash: string;
}

interface InstalledRow {
  readonly path: string;
  readonly hash: string;
  readonly program: string;
}

const RECORD = `
  insert into schema_functions (path, hash, program) values ($1, $2, $3)
      on conflict (path) do update set hash = excluded.hash, program = excluded.program, installed_at = now()`;

/**
 * Installs the functions whose text has changed since they were installed, all in one transaction, and returns their
 * paths. The caller holds the lock of the migrations.
 *
 * A function that a newer version of the program has installed stays: an older version that restarts beside it must not
 * undo the upgrade.
 */
export async function installFunctions(
  client: pg.ClientBase,
  paths: readonly SqlFunctionPath[],
  { programVersion = readPackage().version }: { readonly programVersion?: string } = {},
): Promise<string[]> {
  const [{ rows }, ...files] = await Promise.all([
    client.query<InstalledRow>('select path, hash, program from schema_functions'),
    ...paths.map(readFunction),
  ]);
  const installed = new Map(rows.map((row) => [row.path, row]));
  const changed = files.filter(({ path, hash }) => {
    const current = installed.get(path);
    return !current || (current.hash !== hash && !isNewer(current.program, programVersion));
  });
  if (changed.length === 0) return [];
  await client.query('begin');
  try {
    for (const { path, text, hash } of changed) {
      await client.query(text);
      await client.query(RECORD, [path, hash, programVersion]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
  return changed.map(({ path }) => path);
}

/**
 * Creates a function that an index or a trigger of a migration needs: the others are installed after the migrations.
 */
export async function createFunction(db: QueryRunner, path: SqlFunctionPath): Promise<void> {
  await db.query((await readFunction(path)).text);
}

/**
 * Drops functions, for the `down` of a migration. Every function is installed again after the next migration.
 *
 * @param signatures the names with the types of their parameters, separated by commas
 */
export async function dropFunctions(db: QueryRunner, signatures: string): Promise<void> {
  await db.query(`drop function if exists ${signatures}`);
  await db.query('delete from schema_functions');
}

/** Reads the file of a function. */
export async function readFunction(path: SqlFunctionPath): Promise<SqlFunctionFile> {
  const text = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
  return { path, text, hash: createHash('sha256').update(text).digest('hex') };
}

/** Compares versions by their numbers: 0.10.0 is newer than 0.9.0. */
function isNewer(version: string, other: string): boolean {
  return version.localeCompare(other, 'en', { numeric: true }) > 0;
}
