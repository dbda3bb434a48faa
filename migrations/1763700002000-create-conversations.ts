import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Conversations, who takes part in them, and how far each has read. A conversation's stream has the conversation's id.
 * `joined_seq` and `left_seq` are positions in that stream: membership is part of the ordered log.
 */
export class CreateConversations1763700002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table conversations (
        id          uuid        primary key,
        type        text        not null check (type in ('direct', 'group', 'room')),
        title       text,
        description text        not null default '',
        slug        text,
        category    text,
        direct_key  text,
        created_by  uuid        references users,
        settings    jsonb       not null default '{}',
        created_at  timestamptz not null default now(),
        updated_at  timestamptz not null default now(),
        deleted_at  timestamptz,
        constraint conversations_slug_key       unique (slug),
        constraint conversations_direct_key_key unique (direct_key),
        constraint conversations_direct_check   check ((type = 'direct') = (direct_key is not null))
      )`);
    await db.query(
      `create index conversations_public_idx on conversations (created_at desc, id) where type = 'room' and deleted_at is null`,
    );
    await db.query(`
      create table participants (
        conversation_id    uuid        not null references conversations on delete cascade,
        user_id            uuid        not null references users on delete cascade,
        role               text        not null default 'participant' check (role in ('owner', 'admin', 'moderator', 'participant')),
        is_muted           boolean     not null default false,
        joined_at          timestamptz not null default now(),
        joined_seq         bigint      not null,
        left_at            timestamptz,
        left_seq           bigint,
        last_read_seq      bigint      not null default 0,
        last_delivered_seq bigint      not null default 0,
        marked_at          timestamptz not null default now(),
        is_archived        boolean     not null default false,
        is_pinned          boolean     not null default false,
        is_silenced        boolean     not null default false,
        silenced_until     timestamptz,
        constraint participants_pkey primary key (conversation_id, user_id)
      ) with (fillfactor = 80)`);
    await db.query(`create index participants_user_id_idx on participants (user_id, conversation_id)`);
    await db.query(`comment on column participants.is_muted is 'may not post; set by moderators'`);
    await db.query(
      `comment on column participants.is_silenced is 'wants no notifications; the is_muted of one''s own flags'`,
    );
    await db.query(`
      create table conversation_receipts (
        conversation_id       uuid        primary key references conversations on delete cascade,
        read_by_all_seq       bigint      not null default 0,
        delivered_to_all_seq  bigint      not null default 0,
        aggregated_at         timestamptz not null default now()
      ) with (fillfactor = 80)`);
    await db.query(`
      create unlogged table presence_leases (
        connection_id uuid        primary key,
        user_id       uuid        not null,
        node_id       uuid        not null,
        is_away       boolean     not null default false,
        expires_at    timestamptz not null
      )`);
    await db.query(`create index presence_leases_user_id_idx on presence_leases (user_id)`);
    await db.query(`
      create table presence_settings (
        user_id    uuid        primary key references users on delete cascade,
        status     text        not null default 'online' check (status in ('online', 'away', 'busy', 'offline')),
        custom     text,
        last_seen  timestamptz,
        updated_at timestamptz not null default now(),
        announced_status text  not null default 'offline',
        announced_custom text
      )`);
    // Nearly everybody is offline: the look for those who were last announced otherwise must not read them all.
    await db.query(
      `create index presence_settings_announced_idx on presence_settings (user_id) where announced_status <> 'offline'`,
    );
    await db.query(`create index presence_leases_expires_at_idx on presence_leases (expires_at)`);
    await db.query(
      `comment on column presence_settings.announced_status is 'what the others were told last: only a change is told again'`,
    );
    await db.query(MARK_PARTICIPANTS);
    await db.query(SETTLE_PRESENCE);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function mark_participants(json), settle_presence(uuid[])`);
    await db.query(`drop table presence_settings, presence_leases, conversation_receipts, participants, conversations`);
  }
}

/**
 * Moves read and delivered marks, a batch in one round trip and one transaction. Marks only grow and never pass the
 * newest message.
 *
 * Heads are locked first and in id order, exactly as `append_messages` does it (which moves the sender's own mark), so
 * that the two can never wait for each other. The second statement has a snapshot taken after the locks.
 *
 * Input: [{conversation_id, user_id, session_id, message_id, read, delivered}]; `read` may be null; with a message id its
 * number counts instead of the given ones.
 * Output: one row an entry, in the order of the input; for one user of one conversation the answers are the same.
 */
const MARK_PARTICIPANTS = `
create function mark_participants(batch json)
returns table (ordinal int, outcome text, last_read_seq bigint, last_delivered_seq bigint, last_number bigint,
               has_read_moved boolean, has_moved boolean)
language plpgsql volatile
set enable_seqscan = off
set enable_hashjoin = off
as $$
#variable_conflict use_column
begin
  perform from stream_heads h
    where h.stream_id in (select (e ->> 'conversation_id')::uuid from json_array_elements(batch) e)
    order by h.stream_id
      for no key update;

  return query
  with entry as materialized (
    select (row_number() over ())::int as ordinal, e.*
      from json_to_recordset(batch) as e (
        conversation_id uuid, user_id uuid, session_id uuid, message_id uuid, read bigint, delivered bigint)
  ),
  judged as materialized (
    select e.ordinal, e.conversation_id, e.user_id, h.last_number, p.last_read_seq, p.last_delivered_seq,
           case when e.read is not null then least(coalesce(m.sequence_number, e.read), h.last_number) end as read,
           least(coalesce(m.sequence_number, e.delivered), h.last_number) as delivered,
           case
             when s.id is null or s.revoked_at is not null or s.expires_at <= now()
               or u.id is null or u.deleted_at is not null                         then 'session_ended'
             when user_is_banned(u.banned_at, u.banned_until)                      then 'banned'
             when h.stream_id is null or c.id is null or c.deleted_at is not null  then 'not_found'
             when p.user_id is null or p.left_seq is not null                      then 'not_participant'
             when e.message_id is not null and m.id is null                        then 'message_not_found'
             else 'marked'
           end as outcome
      from entry e
      left join stream_heads h on h.stream_id = e.conversation_id
      left join conversations c on c.id = e.conversation_id
      left join participants p on p.conversation_id = e.conversation_id and p.user_id = e.user_id
      left join users u on u.id = e.user_id
      left join sessions s on s.id = e.session_id and s.user_id = e.user_id
      left join messages m on m.id = e.message_id and m.conversation_id = e.conversation_id
  ),
  wanted as (
    select j.conversation_id, j.user_id, max(j.read) as read, max(greatest(j.read, j.delivered)) as delivered
      from judged j where j.outcome = 'marked' group by j.conversation_id, j.user_id
  ),
  moved as (
    update participants p
       set last_read_seq = greatest(p.last_read_seq, w.read),
           last_delivered_seq = greatest(p.last_delivered_seq, w.delivered),
           marked_at = clock_timestamp()
      from wanted w
     where p.conversation_id = w.conversation_id and p.user_id = w.user_id
       and (p.last_read_seq < w.read or p.last_delivered_seq < w.delivered)
    returning p.conversation_id, p.user_id, p.last_read_seq, p.last_delivered_seq
  )
  select j.ordinal, j.outcome, coalesce(v.last_read_seq, j.last_read_seq),
         coalesce(v.last_delivered_seq, j.last_delivered_seq), j.last_number,
         coalesce(v.last_read_seq > j.last_read_seq, false), v.user_id is not null
    from judged j
    left join moved v on v.conversation_id = j.conversation_id and v.user_id = j.user_id and j.outcome = 'marked'
   order by j.ordinal;
end
$$`;

/**
 * Works out how these users appear now and answers those that appear otherwise than they were last announced, each
 * exactly once whatever asks at the same time: the rows are locked first, in id order, and the second statement sees
 * every connection that was committed before.
 */
const SETTLE_PRESENCE = `
create function settle_presence(users uuid[])
returns table (user_id uuid, status text, custom text, last_seen timestamptz)
language plpgsql volatile
as $$
#variable_conflict use_column
begin
  insert into presence_settings (user_id)
  select u.id from users u where u.id = any(users) order by u.id
      on conflict do nothing;

  perform from presence_settings p where p.user_id = any(users) order by p.user_id for no key update;

  return query
  with now_is as materialized (
    select p.user_id, p.custom,
           case
             when l.user_id is null or p.status = 'offline' then 'offline'
             when p.status <> 'online'                      then p.status
             when l.is_away                                 then 'away'
             else 'online'
           end as status
      from presence_settings p
      left join (select l.user_id, bool_and(l.is_away) as is_away from presence_leases l
                  where l.user_id = any(users) group by l.user_id) l on l.user_id = p.user_id
     where p.user_id = any(users)
  )
  update presence_settings p
     set announced_status = n.status, announced_custom = n.custom,
         last_seen = case when n.status = 'offline' and p.announced_status <> 'offline' then clock_timestamp() else p.last_seen end
    from now_is n
   where p.user_id = n.user_id
     and (p.announced_status <> n.status or (n.status <> 'offline' and p.announced_custom is distinct from n.custom))
  returning p.user_id, n.status, case when n.status <> 'offline' then n.custom end, p.last_seen;
end
$$`;
