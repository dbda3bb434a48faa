import type { INestApplicationContext } from '@nestjs/common';
import { keysOf } from '../../modules/files/storage/file-keys.js';
import { FileStorage } from '../../modules/files/storage/file-storage.js';
import { Sql, statement } from '../../platform/database/sql.js';
import { DEMO_PEOPLE, DEMO_PREFIX } from './world.js';

/**
 * Conversations somebody of the demonstration opened and nobody else ever was in, and its rooms, whoever came in.
 * A person who takes part in a conversation of others by now is kept: what he wrote there has to say who wrote it.
 */
const FIND = statement<{ conversations: string[]; users: string[]; kept: string[]; files: string[] }>(
  'demo.find',
  `with person as materialized (select id, username from users where username = any($1)),
   conversation as materialized (
     select c.id from conversations c join person p on p.id = c.created_by
      where c.slug like $2 || '%'
         or not exists (select from participants o where o.conversation_id = c.id and o.user_id not in (select id from person))
   ),
   settled as materialized (
     select p.id, p.username, exists (select from participants o
              where o.user_id = p.id and o.conversation_id not in (select id from conversation)) as is_kept
       from person p
   )
   select array(select id from conversation) as conversations,
          array(select id from settled where not is_kept) as users,
          array(select username from settled where is_kept) as kept,
          array(select f.id from files f join settled s on s.id = f.uploader_id
                 where not s.is_kept
                    or f.id in (select a.file_id from message_attachments a join messages m on m.id = a.message_id
                                 where m.conversation_id in (select id from conversation))) as files`,
);

const LOCK = statement(
  'demo.lock',
  `select from stream_heads where stream_id = any($1::uuid[]) order by stream_id for update`,
);

/** What is of a stream, be it of a conversation or of a user. */
const REMOVE_STREAMS = [
  statement('demo.remove_outbox', `delete from outbox where stream_id = any($1::uuid[])`),
  statement('demo.remove_told', `delete from webhook_events where stream_id = any($1::uuid[])`),
  statement('demo.remove_messages', `delete from messages where conversation_id = any($1::uuid[])`),
  statement('demo.remove_events', `delete from events where stream_id = any($1::uuid[])`),
  statement('demo.remove_heads', `delete from stream_heads where stream_id = any($1::uuid[])`),
];
const REMOVE_CONVERSATIONS = statement(
  'demo.remove_conversations',
  `delete from conversations where id = any($1::uuid[])`,
);
/** The removal of a message leaves a note for the indexer. */
const REMOVE_SEARCH_NOTES = statement(
  'demo.remove_search_notes',
  `delete from message_search_changes where conversation_id = any($1::uuid[])`,
);
const REMOVE_FILES = statement('demo.remove_files', `delete from files where id = any($1::uuid[])`);
/** Everything else of a user goes with the row. */
const REMOVE_USERS = [
  statement('demo.remove_activity', `delete from active_people where user_id = any($1::uuid[])`),
  statement('demo.remove_keys', `delete from idempotency_keys where user_id = any($1::uuid[])`),
  statement(
    'demo.remove_failures',
    `delete from login_failures
      where account in (select unnest(array['user:' || id, username, email]) from users where id = any($1::uuid[]))`,
  ),
  statement('demo.remove_users', `delete from users where id = any($1::uuid[])`),
];

export interface RemovedWorld {
  readonly users: number;
  readonly conversations: number;
  readonly files: number;
  /** User names of those who have become part of something else. */
  readonly kept: readonly string[];
}

/**
 * Takes the demonstration away as if it had never been: rows, not tombstones, which is why no service does it.
 * Bytes of files go before their rows. Who is connected as one of its people is put out within seconds.
 */
export async function removeWorld(app: INestApplicationContext): Promise<RemovedWorld> {
  const sql = app.get(Sql, { strict: false });
  const names = DEMO_PEOPLE.map(({ username }) => username);
  const { conversations, users, kept, files } = (await sql.one(FIND, [names, DEMO_PREFIX]))!;
  await app.get(FileStorage, { strict: false }).remove(files.flatMap(keysOf));
  await sql.transaction(async (tx) => {
    const streams = [...conversations, ...users];
    await tx.run(LOCK, [streams]);
    for (const removal of REMOVE_STREAMS) await tx.run(removal, [streams]);
    await tx.run(REMOVE_CONVERSATIONS, [conversations]);
    await tx.run(REMOVE_SEARCH_NOTES, [conversations]);
    await tx.run(REMOVE_FILES, [files]);
    for (const removal of REMOVE_USERS) await tx.run(removal, [users]);
  });
  return { users: users.length, conversations: conversations.length, files: files.length, kept };
}
