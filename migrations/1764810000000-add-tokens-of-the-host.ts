import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tokens that the host signs or has minted. A session knows the key from which it comes, so that it ends with the key.
 * Tokens of a user that are refused from a time on are recorded for each user, whatever issued them.
 */
export class AddTokensOfTheHost1764810000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table sessions add column issued_by uuid references server_keys on delete set null`);
    await db.query(`
      comment on column sessions.issued_by is
        'the key that signed the tokens of the session, or with which its token was minted'`);
    await db.query(`create index sessions_issued_by_idx on sessions (issued_by) where issued_by is not null`);
    await db.query(`
      create table refused_tokens (
        user_id       uuid        primary key references users on delete cascade,
        issued_before timestamptz not null
      )`);
    await db.query(`
      comment on table refused_tokens is
        'tokens of providers and of the host that were issued before this open no session of the user'`);
    await db.query(`
      insert into refused_tokens (user_id, issued_before)
      select user_id, max(tokens_from) from external_identities where tokens_from > '-infinity' group by user_id`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table refused_tokens`);
    await db.query(`alter table sessions drop column issued_by`);
  }
}
