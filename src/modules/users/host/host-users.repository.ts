import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import { foldName } from '../../../platform/text-search/fold.js';
import { mapUniqueViolations } from '../users.repository.js';
import type { UserState } from './user-state.js';

const STATES = `json_to_recordset($1) as s (
       id uuid, username text, email text, external_id text, display_name text, folded_name text, bio text, avatar_url text,
       location text, role text, public_metadata jsonb, private_metadata jsonb)`;

const INSERT = statement<unknown>(
  'users.insert_many',
  `insert into users (id, username, email, external_id, display_name, folded_name, bio, avatar_url, location, role,
                      public_metadata, private_metadata)
   select id, username, email, external_id, display_name, folded_name, bio, avatar_url, location, role,
          public_metadata, private_metadata
     from ${STATES} order by external_id`,
);

const UPDATE = statement<unknown>(
  'users.update_many',
  `update users u
      set username = s.username, email = s.email, external_id = s.external_id, display_name = s.display_name,
          folded_name = s.folded_name, bio = s.bio, avatar_url = s.avatar_url, location = s.location, role = s.role,
          public_metadata = s.public_metadata, private_metadata = s.private_metadata, updated_at = now()
     from ${STATES} where u.id = s.id`,
);

const TAKEN = statement<{ id: string; username: string; email: string | null }>(
  'users.taken_names',
  `select id, username, email from users where username = any($1::text[])
   union
   select id, username, email from users where email = any($2::text[])`,
);

/** Writes users of the host product, any number of them with one statement. Owns: users. */
@Injectable()
export class HostUsersRepository {
  constructor(private readonly sql: Sql) {}

  /** @throws UsernameOrEmailTaken, ExternalIdTaken */
  async insert(tx: Queryable, users: readonly UserState[]): Promise<void> {
    if (users.length > 0) await mapUniqueViolations(tx.run(INSERT, [toRows(users)]));
  }

  /** @throws UsernameOrEmailTaken, ExternalIdTaken */
  async update(tx: Queryable, users: readonly UserState[]): Promise<void> {
    if (users.length > 0) await mapUniqueViolations(tx.run(UPDATE, [toRows(users)]));
  }

  /** The users who have one of these names or emails. */
  findTaken(
    usernames: readonly string[],
    emails: readonly string[],
    tx: Queryable = this.sql,
  ): Promise<{ id: string; username: string; email: string | null }[]> {
    return tx.many(TAKEN, [usernames, emails]);
  }
}

function toRows(users: readonly UserState[]): string {
  return JSON.stringify(users.map((user) => ({ ...user, folded_name: foldName(user.display_name) })));
}
