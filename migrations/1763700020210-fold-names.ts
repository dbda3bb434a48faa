import type { MigrationInterface, QueryRunner } from 'typeorm';
import { foldName } from '../src/platform/text-search/fold.js';

const BATCH = 1_000;

interface NameRow {
  readonly id: string;
  readonly name: string;
}

/**
 * Titles and users' names are searched as they are folded in the process, whatever the collation of the database. What an
 * older version writes meanwhile is folded as far as `lower` goes.
 */
export class FoldNames1763700020210 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table conversations add column folded_title text`);
    await db.query(`comment on column conversations.folded_title is 'null: lower(title) is searched instead'`);
    await db.query(FORGET_FOLDED_TITLE);
    await db.query(`
      create trigger conversations_forget_folded_title before update of title on conversations
        for each row when (old.title is distinct from new.title and old.folded_title is not distinct from new.folded_title)
        execute function forget_folded_title()`);
    await foldAll(
      db,
      `select id, title as name from conversations where title is not null`,
      'conversations',
      'folded_title',
    );
    // Names of plain letters are folded already.
    await foldAll(
      db,
      `select id, display_name as name from users where deleted_at is null and display_name ~ '[^ -&(-_a-~]'`,
      'users',
      'folded_name',
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop trigger conversations_forget_folded_title on conversations`);
    await db.query(`drop function forget_folded_title()`);
    await db.query(`alter table conversations drop column folded_title`);
  }
}

/** A title that was changed without its folded form comes from a version that does not know of it. */
const FORGET_FOLDED_TITLE = `
create function forget_folded_title() returns trigger
language plpgsql
as $$
begin
  new.folded_title := null;
  return new;
end
$$`;

async function foldAll(db: QueryRunner, names: string, table: string, column: string): Promise<void> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = (await db.query(`${names} and id > $1 order by id limit ${BATCH}`, [after])) as NameRow[];
    if (rows.length === 0) return;
    const values = [rows.map(({ id }) => id), rows.map(({ name }) => foldName(name))];
    await db.query(
      `update ${table} t set ${column} = n.folded from unnest($1::uuid[], $2::text[]) n (id, folded) where t.id = n.id`,
      values,
    );
    after = rows.at(-1)!.id;
  }
}
