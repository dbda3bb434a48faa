import type { MigrationInterface, QueryRunner } from 'typeorm';

const SYSTEM = '00000000-0000-7000-8000-000000000003';

/**
 * Server keys, and the account in whose name the server and the host's backend act. The account has no credential, so a
 * login is impossible. A key of the kind `server` has a row of `sessions` with the same id, so that what ends sessions
 * ends keys too; a key of the kind `signing` has none.
 */
export class CreateServerKeys1764800000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table sessions add column is_server_key boolean not null default false`);
    await db.query(`
      comment on column sessions.is_server_key is
        'the session of a server key, which may also act as other users than its own'`);
    await db.query(`
      create table server_keys (
        id            uuid        primary key,
        kind          text        not null default 'server' check (kind in ('server', 'signing')),
        name          text        not null,
        scopes        text[]      not null default '{}',
        secret_hash   bytea,
        secret_box    bytea,
        created_by    uuid                 references users on delete set null,
        created_at    timestamptz not null default date_trunc('milliseconds', now()),
        expires_at    timestamptz,
        last_used_at  timestamptz,
        last_used_ip  text        not null default '',
        revoked_at    timestamptz,
        constraint server_keys_secret_check
          check (case kind when 'server' then secret_hash is not null else secret_box is not null end)
      )`);
    await db.query(`comment on column server_keys.secret_hash is 'SHA-256 of the secret of a key that is sent'`);
    await db.query(`comment on column server_keys.secret_box is 'the encrypted secret of a key that signs tokens'`);
    // Released and reserved, the name can only have been taken by a command of the operator.
    await db.query(`
      insert into users (id, username, display_name, folded_name)
      select '${SYSTEM}', case when exists (select from users where username = 'system') then 'parley-system' else 'system' end,
             'System', 'system'`);
    await db.query(`insert into stream_heads (stream_id) values ('${SYSTEM}')`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`delete from sessions where user_id = '${SYSTEM}'`);
    await db.query(`drop table server_keys`);
    await db.query(`alter table sessions drop column is_server_key`);
    await db.query(`delete from stream_heads where stream_id = '${SYSTEM}'`);
    await db.query(`delete from users where id = '${SYSTEM}'`);
  }
}
