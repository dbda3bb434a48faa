-- Stores a batch of sends, each checked by itself, in one round trip and one transaction.
--
-- The order of the steps is the promise: lock the heads in id order; then, with a snapshot taken after the locks, check
-- membership, ban and idempotency; then assign dense numbers; then write. A check before the lock lets a removed user post
-- after the removal committed (50 of 50 tries). Two statements of a volatile function see two snapshots, which is what
-- makes the second one fresh.
--
-- Files to be attached are locked after the heads, in id order: of several sends that attach one file, and of a send and a
-- deletion, one is first and the other sees what it did. A row of message_attachments is the binding; files is only read.
--
-- Input: [{id, conversation_id, sender_id, session_id, client_message_id, body_hash (hex), message_type, content,
-- reply_to_id, is_thread_only, mentions, mention_scope, metadata, attachment_ids, poll, is_released, is_scheduled,
-- is_silent, skips_push, is_server}], at most one entry for one (conversation, sender, client_message_id). The planner
-- settings hold every look-up to its index, whatever the statistics of young tables are.
--
-- Output: one row per entry, in the order of the input; outcome is stored, replayed, or the reason of the refusal;
-- retry_after is in whole seconds; of too_long it is the limit. Events that webhooks subscribe to are written to the outbox; when there is no such
-- webhook, that is one look-up per batch. was_behind: the sender had not read all messages before this one. Sending reads
-- them, so the sender's mark has moved over messages of others.
--
-- frozen and slow_mode apply to participants without a role in the conversation or the system. Slow mode is checked last,
-- after everything else that would refuse the send. Of several sends of one user in a batch, the first that may be stored
-- is stored.
--
-- A server key may act as any user: its session counts for every sender.
--
-- is_server: the host's backend sends, in the name of any user. The session is still checked; membership, mutes, bans,
-- blocks, freezing and slow mode are not, and files of the system account may be attached to the messages of all senders.
-- The sender is any user except deleted ones and the account of the guests.
--
-- is_released: a moderator releases a message that was held for review. The sender's session may have ended since, and
-- slow mode does not apply; everything else is checked as it is now.
--
-- is_scheduled: the time of a scheduled message has come. The sessions of its author may have ended since, but the account
-- must not be deactivated; everything else is checked as it is now.
--
-- The account of the guests needs no membership, and membership does not help it: it may write into rooms that are public
-- now, without files, and not in slow mode, because many guests share the account and cannot be counted separately.
-- Sessions, bans, freezing and deleted rooms are checked for it as for every user.
--
-- mention_scope is all or here: moderators may use it and, if the settings allow it, every participant.
--
-- What the conversation type or the settings of the conversation have switched off is refused, except to the host's
-- backend: links_off, threads_off, uploads_off, polls_off, mention_all_off, too_long. role_too_low: send_role names the
-- lowest role that may write; roles of the system may. Without threads a reply has no root.
--
-- A reply belongs to the thread of the message it replies to: a reply to a reply has the same root. The counts of the root
-- change with the reply, in the event thread.updated directly after that of the message (see store_replies).
--
-- When a participant sent last is stored in the row of the participant, which is read for every send and written with every
-- stored one anyway: slow mode needs no further look-up, index or lock.
create or replace function append_messages(batch json)
returns table (
  ordinal int, outcome text, id uuid, sequence_number bigint, seq bigint, created_at timestamptz,
  mentions uuid[], attachments json, reply_to_content text, sender_name text, was_behind boolean,
  retry_after int)
language plpgsql volatile
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  is_wanted boolean;
  sent constant text := batch::text;
begin
  perform set_config('synchronous_commit', 'on', true);

  perform from stream_heads h
    where h.stream_id in (select (e ->> 'conversation_id')::uuid from json_array_elements(batch) e)
    order by h.stream_id
      for no key update;

  if position('"attachment_ids"' in sent) > 0 then
    perform from files f
      where f.id in (select a.value::uuid from json_array_elements(batch) e, json_array_elements_text(e -> 'attachment_ids') a)
      order by f.id
        for no key update;
  end if;

  is_wanted := exists (select from outbox_interests i where i.type = 'message.created');

  return query
  with entry as materialized (
    select (row_number() over ())::int as ordinal, e.*
      from json_to_recordset(batch) as e (
        id uuid, conversation_id uuid, sender_id uuid, session_id uuid, client_message_id text, body_hash text,
        message_type text, content text, reply_to_id uuid, is_thread_only boolean, mentions json, mention_scope text,
        metadata jsonb, attachment_ids json, poll jsonb, is_released boolean, is_scheduled boolean,
        is_silent boolean, skips_push boolean, is_server boolean)
  ),
  wanted as materialized (
    select e.ordinal, a.value::uuid as file_id, a.position::int as position,
           f.uploader_id is not distinct from e.sender_id
             or e.is_server is true and f.uploader_id = '00000000-0000-7000-8000-000000000003' as is_own,
           f.status in ('scanning', 'ready') and taken.file_id is null
             and (f.conversation_id is null or f.conversation_id = e.conversation_id)
             and row_number() over (partition by a.value order by e.ordinal) = 1 as is_free
      from entry e
     cross join json_array_elements_text(e.attachment_ids) with ordinality as a (value, position)
      left join files f on f.id = a.value::uuid and f.deleted_at is null
      left join message_attachments taken on taken.file_id = f.id
  ),
  checked as materialized (
    select e.*, h.last_seq, h.last_number, greatest(date_trunc('milliseconds', clock_timestamp()), h.last_at) as clock,
           u.display_name, case when r.deleted_at is null then r.content end as reply_to_content,
           case when not feature_is_off('threads', t.settings, c.settings) then coalesce(r.thread_root_id, r.id) end as root_id,
           twin.id as twin_id,
           p.last_read_number < h.last_number as was_behind, p.last_sent_at,
           case when sender.is_bound and e.is_released is not true
             then sender.slow else 0 end as slow_seconds, sender.length_max,
           case
             when (s.id is null or s.revoked_at is not null or s.expires_at <= now()) and e.is_released is not true
                 and e.is_scheduled is not true
               or e.is_scheduled is true and u.deactivated_at is not null
               or (u.id is null or u.deleted_at is not null) and e.is_server is not true then 'session_ended'
             when u.id is null or u.deleted_at is not null or e.is_server and sender.is_guest then 'sender_not_found'
             when user_is_banned(u.banned_at, u.banned_until) and e.is_server is not true then 'banned'
             when h.stream_id is null or c.id is null or c.deleted_at is not null then 'not_found'
             when sender.is_guest and not (
                    c.type = 'room' and c.settings -> 'is_private' is distinct from 'true' and sender.slow = 0
                    and e.attachment_ids is null)                  then 'not_participant'
             when not sender.is_guest and (p.user_id is null or p.left_seq is not null)
               and e.is_server is not true                         then 'not_participant'
             when twin.id is not null then
               case when encode(twin.body_hash, 'hex') = e.body_hash then 'replayed' else 'conflict' end
             when p.is_muted and participant_is_muted(p.is_muted, p.muted_until)
               and e.is_server is not true                         then 'muted'
             when sender.is_bound and c.settings -> 'is_frozen' = 'true' then 'frozen'
             when sender.rank < greatest(role_rank(t.settings ->> 'send_role'), role_rank(c.settings ->> 'send_role'))
                                                                   then 'role_too_low'
             when e.mention_scope is not null and sender.is_bound and c.type <> 'direct'
               and (sender.is_guest or c.settings -> 'allow_mention_all' is distinct from 'true') then 'mention_refused'
             when c.type = 'direct' and e.is_server is not true and exists (
                    select from user_blocks b
                     where (b.blocker_id, b.blocked_id) in (
                       select other.user_id, e.sender_id from participants other
                        where other.conversation_id = e.conversation_id and other.user_id <> e.sender_id))
                                                                   then 'blocked'
             when e.is_server is not true and e.mention_scope is not null
               and feature_is_off('mention_all', t.settings, c.settings) then 'mention_all_off'
             when e.is_server is not true and e.attachment_ids is not null
               and feature_is_off('uploads', t.settings, c.settings) then 'uploads_off'
             when e.is_server is not true and e.poll is not null
               and feature_is_off('polls', t.settings, c.settings) then 'polls_off'
             when e.is_server is not true and e.is_thread_only and e.reply_to_id is not null
               and feature_is_off('threads', t.settings, c.settings) then 'threads_off'
             when e.is_server is not true and feature_is_off('links', t.settings, c.settings)
               and has_link(e.content)                             then 'links_off'
             when e.is_server is not true and char_length(e.content) > sender.length_max then 'too_long'
             when e.reply_to_id is not null and (r.id is null or r.conversation_id <> e.conversation_id
                    or r.sequence_number <= p.hidden_up_to_number and e.is_server is not true)
                                                                   then 'reply_not_found'
             when e.attachment_ids is not null and exists (
                    select from wanted w where w.ordinal = e.ordinal and not w.is_own)
                                                                   then 'file_not_found'
             when e.attachment_ids is not null and exists (
                    select from wanted w where w.ordinal = e.ordinal and not w.is_free)
                                                                   then 'file_not_attachable'
             else 'stored'
           end as verdict
      from entry e
      left join stream_heads h on h.stream_id = e.conversation_id
      left join conversations c on c.id = e.conversation_id
      left join conversation_types t on t.name = coalesce(c.type_name, c.type)
      left join participants p on p.conversation_id = e.conversation_id and p.user_id = e.sender_id
      left join users u on u.id = e.sender_id
      left join sessions s on s.id = e.session_id and (s.user_id = e.sender_id or s.is_server_key)
      left join messages r on r.id = e.reply_to_id
      left join messages twin on twin.conversation_id is not distinct from e.conversation_id and twin.sender_id = e.sender_id
                             and twin.client_message_id = e.client_message_id
     cross join lateral (
             select g.is_guest,
                    (g.is_guest or p.role = 'participant') and u.role not in ('moderator', 'admin')
                      and e.is_server is not true as is_bound,
                    coalesce(greatest((t.settings ->> 'slow_mode_seconds')::int, (c.settings ->> 'slow_mode_seconds')::int), 0)
                      as slow,
                    least((t.settings ->> 'message_length_max')::int, (c.settings ->> 'message_length_max')::int) as length_max,
                    case when e.is_server or u.role in ('moderator', 'admin') then 5
                         when g.is_guest then 1 else role_rank(p.role) end as rank
               from (select e.sender_id = '00000000-0000-7000-8000-000000000001' as is_guest) g) sender
  ),
  decided as (
    select w.*,
           case
             when w.slow_seconds > 0 and w.verdict = 'stored' and (
                    w.last_sent_at + w.slow_seconds * interval '1 second' > w.clock
                    or exists (select from checked o
                                where o.conversation_id = w.conversation_id and o.sender_id = w.sender_id
                                  and o.ordinal < w.ordinal and o.verdict = 'stored')) then 'slow_mode'
             else w.verdict
           end as outcome
      from checked w
  ),
  numbered as materialized (
    select j.*,
           j.last_number + count(*) filter (where j.outcome = 'stored') over place as new_number,
           j.last_seq + sum(case when j.outcome <> 'stored' then 0 when j.root_id is null then 1 else 2 end) over place
             - (j.root_id is not null and j.outcome = 'stored')::int as new_seq,
           max(j.clock) over place as at,
           case when j.mentions is null then '{}'::uuid[] else array(
             select p.user_id from participants p
              where p.conversation_id = j.conversation_id and p.left_seq is null
                and p.user_id in (select m.value::uuid from json_array_elements_text(j.mentions) m))
           end as present_mentions
      from decided j
    window place as (partition by j.conversation_id order by j.ordinal)
  ),
  stored as (
    insert into messages (id, conversation_id, sequence_number, seq, sender_id, client_message_id, body_hash,
                          message_type, content, reply_to_id, thread_root_id, is_thread_only, mentions, mention_scope,
                          metadata, poll, is_silent, skips_push, created_at)
    select n.id, n.conversation_id, n.new_number, n.new_seq, n.sender_id, n.client_message_id,
           decode(n.body_hash, 'hex'), n.message_type, n.content, n.reply_to_id, n.root_id,
           n.root_id is not null and n.is_thread_only is true, n.present_mentions, n.mention_scope, n.metadata,
           n.poll, n.is_silent is true, n.skips_push is true, n.at
      from numbered n where n.outcome = 'stored'
  ),
  attached as (
    insert into message_attachments (file_id, message_id, position)
    select w.file_id, n.id, w.position from wanted w join numbered n on n.ordinal = w.ordinal where n.outcome = 'stored'
  ),
  logged as (
    insert into events (stream_id, seq, type, actor_id, subject_id, at)
    select n.conversation_id, n.new_seq, 'message.created', n.sender_id, n.id, n.at
      from numbered n where n.outcome = 'stored'
  ),
  queued as (
    insert into outbox (type, stream_id, seq, actor_id, subject_id, snapshot, at)
    select 'message.created', n.conversation_id, n.new_seq, n.sender_id, n.id,
           json_build_object('content', n.content, 'metadata', coalesce(n.metadata, '{}'), 'mentions', n.present_mentions),
           n.at
      from numbered n
     where is_wanted and n.outcome = 'stored' and n.conversation_id in (
             select w.conversation_id from (select distinct conversation_id from numbered) w
              where outbox_wants('message.created', w.conversation_id))
  ),
  moved as (
    update stream_heads h
       set last_seq = t.seq, last_number = t.number, last_at = t.at,
           last_number_at = coalesce(t.shown_at, h.last_number_at), last_xid = pg_current_xact_id()
      from (select n.conversation_id, max(n.new_seq + (n.root_id is not null)::int) as seq, max(n.new_number) as number,
                   max(n.at) as at,
                   max(n.at) filter (where n.root_id is null or n.is_thread_only is not true) as shown_at
              from numbered n where n.outcome = 'stored' group by n.conversation_id) t
     where h.stream_id = t.conversation_id
  ),
  marked as (
    update participants p
       set last_read_number = greatest(p.last_read_number, t.number),
           last_delivered_number = greatest(p.last_delivered_number, t.number), unread_from_number = null,
           marked_at = t.at, last_sent_at = t.at
      from (select n.conversation_id, n.sender_id, max(n.new_number) as number, max(n.at) as at
              from numbered n where n.outcome = 'stored' group by n.conversation_id, n.sender_id) t
     where p.conversation_id = t.conversation_id and p.user_id = t.sender_id
  )
  select n.ordinal, n.outcome, case n.outcome when 'stored' then n.id else n.twin_id end, n.new_number, n.new_seq, n.at,
         n.present_mentions,
         case when n.outcome = 'stored' and n.attachment_ids is not null then
           (select json_agg(file_json(f) order by w.position) from wanted w join files f on f.id = w.file_id
             where w.ordinal = n.ordinal)
         end, n.reply_to_content, n.display_name, n.was_behind,
         case when n.outcome = 'too_long' then n.length_max
              when n.outcome = 'slow_mode' then
           ceil(coalesce(nullif(greatest(extract(epoch from n.last_sent_at - n.clock) + n.slow_seconds, 0), 0), n.slow_seconds))::int
         end
    from numbered n
   order by n.ordinal;

  -- In statements of their own: in the one above they would cost every send, with or without rows.
  if position('"mentions":[' in sent) > 0 or position('"mention_scope"' in sent) > 0 then
    perform store_mentions(array(select (e ->> 'id')::uuid from json_array_elements(batch) e));
  end if;
  if position('"reply_to_id":"' in sent) > 0 then
    perform store_replies(array(select (e ->> 'id')::uuid from json_array_elements(batch) e));
  end if;
end
$$;
