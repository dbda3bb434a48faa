import type { INestApplicationContext } from '@nestjs/common';
import { allKeysOf, FileStorage } from '../../modules/files/storage/file-storage.js';
import { Sql, statement } from '../../platform/database/sql.js';
import { DEMO_USERS, DEMO_PREFIX } from './demo-data.js';

/**
 * Conversations that a demo user created and that never had other participants, and the demo rooms, even with
 * other participants. A demo user who participates in other conversations is not removed, since their messages there
 * need a sender.
 */
const FIND = statement<{ conversations: string[]; users: string[]; kept: string[]; files: string[] }>(
  'demo.find',
  `with person as materialized (select id, username from users where username = any($1)),
   conversation as materialized (
     select c.id from conversations c join person p on p.id = c.created_by
      where c.slug like $2 || '%'
         or not exists (select from participants o where o.conversation_id = c.id and o.user_id not in (select id from person))
   ),
   demo_user as materialized (
     select p.id, p.username, exists (select from participants o
              where o.user_id = p.id and o.conversation_id not in (select id from conversation)) as is_kept
       from person p
   )
   select array(select id from conversation) as conversations,
          array(select id from demo_user where not is_kept) as users,
          array(select username from demo_user where is_kept) as kept,
          array(select f.id from files f join demo_user s on s.id = f.uploader_id
                 where not s.is_kept
                    or f.id in (select a.file_id from message_attachments a join messages m on m.id = a.message_id
                                 where m.conversation_id in (select id from conversation))) as files`,
);

const LOCK = statement(
  'demo.lock',
  `select from stream_heads where stream_id = any($1::uuid[]) order by stream_id for update`,
);

/** The rows of a stream; each conversation and each user has one. */
const REMOVE_STREAMS = [
  statement('demo.remove_outbox', `delete from outbox where stream_id = any($1::uuid[])`),
  statement('demo.remove_webhook_events', `delete from webhook_events where stream_id = any($1::uuid[])`),
  statement('demo.remove_messages', `delete from messages where conversation_id = any($1::uuid[])`),
  statement('demo.remove_events', `delete from events where stream_id = any($1::uuid[])`),
  statement('demo.remove_heads', `delete from stream_heads where stream_id = any($1::uuid[])`),
];
const REMOVE_CONVERSATIONS = statement(
  'demo.remove_conversations',
  `delete from conversations where id = any($1::uuid[])`,
);
/** The removal of a message adds a row for the search indexer. */
const REMOVE_SEARCH_CHANGES = statement(
  'demo.remove_search_changes',
  `delete from message_search_changes where conversation_id = any($1::uuid[])`,
);
/** Bytes that no file shares which stays. */
const UNSHARED_OBJECTS = statement<{ id: string }>(
  'demo.unshared_objects',
  `select distinct g.object_id as id
     from files f cross join lateral (select coalesce(f.object_id, f.id) as object_id) g
    where f.id = any($1::uuid[]) and not exists (
            select from files o where o.id <> all($1::uuid[]) and (o.id = g.object_id or o.object_id = g.object_id))`,
);
const REMOVE_FILES = statement('demo.remove_files', `delete from files where id = any($1::uuid[])`);
/** All other data of a user is deleted with their row. */
const REMOVE_USERS = [
  statement('demo.remove_keys', `delete from idempotency_keys where user_id = any($1::uuid[])`),
  statement(
    'demo.remove_failures',
    `delete from login_failures
      where account in (select unnest(array['user:' || id, username, email]) from users where id = any($1::uuid[]))`,
  ),
  statement('demo.remove_users', `delete from users where id = any($1::uuid[])`),
  // After the users: no node reports the activity of a user who is being deleted.
  statement('demo.remove_activity', `delete from active_people where user_id = any($1::uuid[])`),
];

export interface RemovedDemoData {
  readonly users: number;
  readonly conversations: number;
  readonly files: number;
  /** User names of the demo users that were not removed. */
  readonly kept: readonly string[];
}

/**
 * Removes the demo data without a trace: it deletes rows instead of leaving tombstones, so no service can do it. The
 * bytes of files are deleted before their rows. Connections of the demo users are closed within seconds.
 */
export async function removeDemoData(app: INestApplicationContext): Promise<RemovedDemoData> {
  const sql = app.get(Sql, { strict: false });
  const names = DEMO_USERS.map(({ username }) => username);
  const { conversations, users, kept, files } = (await sql.one(FIND, [names, DEMO_PREFIX]))!;
  const objects = await sql.many(UNSHARED_OBJECTS, [files]);
  await app.get(FileStorage, { strict: false }).remove(objects.flatMap(({ id }) => allKeysOf(id)));
  await sql.transaction(async (tx) => {
    const streams = [...conversations, ...users];
    await tx.run(LOCK, [streams]);
    for (const removal of REMOVE_STREAMS) await tx.run(removal, [streams]);
    await tx.run(REMOVE_CONVERSATIONS, [conversations]);
    await tx.run(REMOVE_SEARCH_CHANGES, [conversations]);
    await tx.run(REMOVE_FILES, [files]);
    for (const removal of REMOVE_USERS) await tx.run(removal, [users]);
  });
  return { users: users.length, conversations: conversations.length, files: files.length, kept };
}
