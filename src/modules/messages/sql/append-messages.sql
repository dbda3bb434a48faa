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
-- Input: an array for each field, with one send at each place; at most one send for one (conversation, sender,
-- client_message_id). What a send has besides a text and metadata is in extras, null for most sends: {reply_to_id,
-- is_thread_only, mentions, mention_scope, attachment_ids, poll, location, contact, forwarded, link_previews, is_silent,
-- skips_push, visible_to, is_server, is_released, is_scheduled, is_streaming}.
--
-- Output: one row per send, with its place, from 1; outcome is stored, shadowed, replayed, or the reason of the refusal
-- (see send_outcome); retry_after is in whole seconds; of too_long it is the limit. was_behind: the sender had not read all
-- messages before this one. Sending reads them, so the sender's mark has moved over messages of others. Events that
-- webhooks subscribe to are written to the outbox; when there is no such webhook, that is one look-up per batch.
--
-- Starting a statement costs PostgreSQL more than running it for one message, and the cost grows with the number of its
-- expressions. So this function reads once what most sends need. An ordinary send, which no rule can refuse (is_ordinary),
-- is stored without more; send_outcome decides on every other send.
--
-- Of several sends of one user in a batch in slow mode, the first that may be stored is stored. When a participant sent
-- last is stored in the row of the participant, which is read for every send and written with every stored one anyway.
--
-- A reply belongs to the thread of the message it replies to: a reply to a reply has the same root; without threads a reply
-- has no root. The counts of the root change with the reply, in the event thread.updated directly after that of the message
-- (see store_replies).
--
-- visible_to: the participants who see the message besides its sender. What a shadow-banned user sends has an empty
-- audience, and the outcome shadowed. Neither changes last_number_at, by which conversations are listed for all participants.
--
-- The planner settings hold every look-up to its index, whatever the statistics of young tables are.
create or replace function append_messages(
  ids uuid[], conversation_ids uuid[], sender_ids uuid[], session_ids uuid[], client_message_ids text[],
  body_hashes text[], message_types text[], contents text[], metadata jsonb[], extras jsonb[])
returns table (
  place int, outcome text, id uuid, sequence_number bigint, seq bigint, created_at timestamptz,
  mentions uuid[], attachments json, reply_to_content text, sender_name text, was_behind boolean,
  retry_after int)
language plpgsql volatile
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  send record;
  slow_seconds int;
  length_max int;
  sent_at timestamptz;
  -- The conversation of the sends that are decided on, and its last numbers, those of the batch included.
  stream uuid;
  last_seq bigint;
  last_number bigint;
  root uuid;
  is_shadowed boolean;
  visible_to uuid[];
  -- The stored sends.
  places int[] := '{}';
  numbers bigint[] := '{}';
  seqs bigint[] := '{}';
  times timestamptz[] := '{}';
  roots uuid[] := '{}';
  mentioned text[] := '{}';
  replies uuid[] := '{}';
  mentioning uuid[] := '{}';
  streaming uuid[] := '{}';
  -- The files that they attach, the messages, and the places in them.
  file_ids uuid[] := '{}';
  file_messages uuid[] := '{}';
  file_positions int[] := '{}';
  -- The places of sends with what few messages have, which is written by a statement of its own.
  completed int[] := '{}';
  are_shadowed boolean[] := '{}';
  limited uuid[] := '{}';
  -- The heads that they move.
  moved int := 0;
  streams uuid[] := '{}';
  stream_seqs bigint[] := '{}';
  stream_numbers bigint[] := '{}';
  stream_times timestamptz[] := '{}';
  shown_times timestamptz[] := '{}';
begin
  perform set_config('synchronous_commit', 'on', true);

  perform from stream_heads h where h.stream_id = any (conversation_ids) order by h.stream_id for no key update;

  if extras is not null then
    perform from files f
      where f.id in (select a.id::uuid from unnest(extras) as e (extra),
                            jsonb_array_elements_text(e.extra -> 'attachment_ids') as a (id))
      order by f.id
        for no key update;
  end if;

  for send in
    select e.place, e.id, e.conversation_id, e.sender_id, e.client_message_id, e.body_hash, e.content, e.extra,
           h.stream_id, h.last_seq, h.last_number, h.last_at,
           c.type, c.settings, c.deleted_at as conversation_deleted_at, t.settings as type_settings,
           p.user_id as participant_id, p.left_seq, p.role, p.is_muted, p.muted_until, p.hidden_up_to_number,
           p.last_sent_at, p.last_read_number < h.last_number as was_behind,
           u.id as user_id, u.display_name, u.role as system_role, u.deleted_at, u.deactivated_at, u.banned_at,
           u.banned_until, u.shadow_banned_at, u.shadow_banned_until, s.id as session_id, s.revoked_at, s.expires_at,
           twin.id as twin_id, twin.body_hash as twin_hash,
           r.conversation_id as quoted_in, r.sequence_number as quoted_number, r.content as quoted_content,
           r.deleted_at as quoted_deleted_at, coalesce(r.thread_root_id, r.id) as quoted_root,
           r.audience as quoted_audience, r.sender_id as quoted_sender_id,
           blocked.is_blocked,
           e.extra is null and e.sender_id <> '00000000-0000-7000-8000-000000000001' and twin.id is null
             and h.stream_id is not null and c.deleted_at is null and c.settings = '{}' and t.settings = '{}'
             and not blocked.is_blocked and p.left_seq is null and not p.is_muted
             and u.deleted_at is null and u.banned_at is null and u.shadow_banned_at is null
             and s.revoked_at is null and s.expires_at > now() as is_ordinary
      from unnest(ids, conversation_ids, sender_ids, session_ids, client_message_ids, body_hashes, contents, extras)
           with ordinality as e (id, conversation_id, sender_id, session_id, client_message_id, body_hash, content, extra,
                                 place)
      left join stream_heads h on h.stream_id = e.conversation_id
      left join conversations c on c.id = e.conversation_id
      left join conversation_types t on t.name = coalesce(c.type_name, c.type)
      left join participants p on p.conversation_id = e.conversation_id and p.user_id = e.sender_id
      left join users u on u.id = e.sender_id
      left join sessions s on s.id = e.session_id and (s.user_id = e.sender_id or s.is_server_key)
      left join messages r on r.id = (e.extra ->> 'reply_to_id')::uuid
      left join messages twin on twin.conversation_id is not distinct from e.conversation_id and twin.sender_id = e.sender_id
                             and twin.client_message_id = e.client_message_id
     cross join lateral (
             select c.type = 'direct' and exists (
                      select from participants other
                        join user_blocks b on b.blocker_id = other.user_id and b.blocked_id = e.sender_id
                       where other.conversation_id = e.conversation_id and other.user_id <> e.sender_id) as is_blocked) blocked
     order by e.conversation_id, e.place
  loop
    if send.conversation_id is distinct from stream then
      stream := send.conversation_id;
      last_seq := send.last_seq;
      last_number := send.last_number;
      created_at := greatest(date_trunc('milliseconds', clock_timestamp()), send.last_at);
    end if;
    place := send.place;
    id := send.id;
    sender_name := send.display_name;
    was_behind := send.was_behind;
    outcome := 'stored';
    mentions := '{}';
    root := null;
    attachments := null;
    reply_to_content := null;
    retry_after := null;
    is_shadowed := false;
    visible_to := null;

    if send.is_ordinary is not true then
      slow_seconds := coalesce(greatest(
        (send.type_settings ->> 'slow_mode_seconds')::int, (send.settings ->> 'slow_mode_seconds')::int), 0);
      length_max := least(
        (send.type_settings ->> 'message_length_max')::int, (send.settings ->> 'message_length_max')::int);
      sent_at := send.last_sent_at;
      if slow_seconds > 0 and exists (select from unnest(places) as s (place)
                                       where conversation_ids[s.place] = stream and sender_ids[s.place] = send.sender_id) then
        sent_at := created_at;
      end if;
      outcome := send_outcome(send, created_at, sent_at, slow_seconds, length_max, file_ids);
      if outcome = 'replayed' then
        id := send.twin_id;
      elsif outcome = 'too_long' then
        retry_after := length_max;
      elsif outcome = 'slow_mode' then
        retry_after := greatest(1, ceil(extract(epoch from sent_at - created_at) + slow_seconds));
      end if;

      if outcome = 'stored' then
        is_shadowed := user_is_banned(send.shadow_banned_at, send.shadow_banned_until);
        if send.extra ? 'visible_to' then
          visible_to := array(select v.id::uuid from jsonb_array_elements_text(send.extra -> 'visible_to') as v (id));
        end if;
        if is_shadowed or visible_to is not null then
          limited := limited || id;
        end if;
        if is_shadowed or send.extra ?| array['location', 'contact', 'forwarded', 'link_previews', 'visible_to'] then
          completed := completed || place;
          are_shadowed := are_shadowed || is_shadowed;
        end if;
      end if;

      if outcome = 'stored' and send.extra is not null then
        if send.quoted_root is not null then
          reply_to_content := case when send.quoted_deleted_at is null then send.quoted_content end;
          if not feature_is_off('threads', send.type_settings, send.settings) then
            root := send.quoted_root;
            replies := replies || id;
          end if;
        end if;
        if send.extra ? 'mentions' then
          mentions := array(
            select p.user_id from participants p
             where p.conversation_id = stream and p.left_seq is null
               and p.user_id in (select m.id::uuid from jsonb_array_elements_text(send.extra -> 'mentions') as m (id))
               and is_in_audience(visible_to, send.sender_id, p.user_id));
        end if;
        if send.extra ?| array['mentions', 'mention_scope'] then
          mentioning := mentioning || id;
        end if;
        if send.extra ? 'is_streaming' then
          streaming := streaming || id;
        end if;
        if send.extra ? 'attachment_ids' then
          select json_agg(file_json(f) order by a.position), file_ids || array_agg(f.id order by a.position),
                 file_messages || array_agg(send.id), file_positions || array_agg(a.position::int order by a.position)
            into attachments, file_ids, file_messages, file_positions
            from jsonb_array_elements_text(send.extra -> 'attachment_ids') with ordinality as a (id, position)
            join files f on f.id = a.id::uuid;
        end if;
      end if;
    end if;

    if outcome = 'stored' then
      last_number := last_number + 1;
      last_seq := last_seq + 1;
      sequence_number := last_number;
      seq := last_seq;
      places := places || place;
      numbers := numbers || last_number;
      seqs := seqs || last_seq;
      times := times || created_at;
      roots := roots || root;
      mentioned := mentioned || nullif(mentions, '{}')::text;
      if streams[moved] is distinct from stream then
        moved := moved + 1;
        streams[moved] := stream;
        stream_times[moved] := created_at;
        shown_times[moved] := null;
      end if;
      if root is not null then
        -- The event thread.updated.
        last_seq := last_seq + 1;
      end if;
      if (root is null or send.extra -> 'is_thread_only' is distinct from 'true')
          and not is_shadowed and visible_to is null then
        shown_times[moved] := created_at;
      end if;
      stream_seqs[moved] := last_seq;
      stream_numbers[moved] := last_number;
      if is_shadowed then
        outcome := 'shadowed';
      end if;
    end if;
    return next;
  end loop;

  if moved = 0 then
    return;
  end if;

  insert into messages (id, conversation_id, sequence_number, seq, sender_id, client_message_id, body_hash,
                        message_type, content, reply_to_id, thread_root_id, is_thread_only, mentions, mention_scope,
                        metadata, poll, is_silent, skips_push, created_at)
  select ids[s.place], conversation_ids[s.place], s.number, s.seq, sender_ids[s.place], client_message_ids[s.place],
         decode(body_hashes[s.place], 'hex'), message_types[s.place], contents[s.place], (x.extra ->> 'reply_to_id')::uuid,
         s.root, s.root is not null and x.extra -> 'is_thread_only' is not distinct from 'true',
         coalesce(s.mentioned::uuid[], '{}'), x.extra ->> 'mention_scope', metadata[s.place], x.extra -> 'poll',
         x.extra -> 'is_silent' is not distinct from 'true', x.extra -> 'skips_push' is not distinct from 'true', s.at
    from unnest(places, numbers, seqs, times, roots, mentioned) as s (place, number, seq, at, root, mentioned)
   cross join lateral (select extras[s.place] as extra) x;

  insert into events (stream_id, seq, type, actor_id, subject_id, at)
  select conversation_ids[s.place], s.seq, 'message.created', sender_ids[s.place], ids[s.place], s.at
    from unnest(places, seqs, times) as s (place, seq, at);

  update stream_heads h
     set last_seq = t.seq, last_number = t.number, last_at = t.at,
         last_number_at = coalesce(t.shown_at, h.last_number_at), last_xid = pg_current_xact_id()
    from unnest(streams, stream_seqs, stream_numbers, stream_times, shown_times) as t (id, seq, number, at, shown_at)
   where h.stream_id = t.id;

  update participants p
     set last_read_number = greatest(p.last_read_number, t.number),
         last_delivered_number = greatest(p.last_delivered_number, t.number), unread_from_number = null,
         marked_at = t.at, last_sent_at = t.at
    from (select conversation_ids[s.place] as conversation_id, sender_ids[s.place] as sender_id, max(s.number) as number,
                 max(s.at) as at
            from unnest(places, numbers, times) as s (place, number, at) group by 1, 2) t
   where p.conversation_id = t.conversation_id and p.user_id = t.sender_id;

  if exists (select from outbox_interests i where i.type = 'message.created') then
    insert into outbox (type, stream_id, seq, actor_id, subject_id, snapshot, at)
    select 'message.created', conversation_ids[s.place], s.seq, sender_ids[s.place], ids[s.place],
           json_build_object('content', contents[s.place], 'metadata', coalesce(metadata[s.place], '{}'),
                             'mentions', coalesce(s.mentioned::uuid[], '{}')),
           s.at
      from unnest(places, seqs, times, mentioned) as s (place, seq, at, mentioned)
     where conversation_ids[s.place] in (
             select w.id from unnest(streams) as w (id) where outbox_wants('message.created', w.id));
  end if;
  if cardinality(completed) > 0 then
    update messages m
       set location = x.extra -> 'location', contact = x.extra -> 'contact', forwarded = x.extra -> 'forwarded',
           link_previews = x.extra -> 'link_previews',
           audience = case when s.is_shadowed then '{}' else x.visible_to end,
           stated_audience = case when s.is_shadowed then x.visible_to end
      from unnest(completed, are_shadowed) as s (place, is_shadowed)
     cross join lateral (
             select e.extra, (select array_agg(v.id::uuid)
                                from jsonb_array_elements_text(e.extra -> 'visible_to') as v (id)) as visible_to
               from (select extras[s.place] as extra) e) x
     where m.id = ids[s.place];
  end if;
  if cardinality(limited) > 0 then
    perform store_limited_messages(limited);
  end if;
  if cardinality(file_ids) > 0 then
    insert into message_attachments (file_id, message_id, position)
    select f.id, f.message_id, f.position from unnest(file_ids, file_messages, file_positions) as f (id, message_id, position);
  end if;
  if cardinality(mentioning) > 0 then
    perform store_mentions(mentioning);
  end if;
  if cardinality(streaming) > 0 then
    perform open_streaming_messages(streaming);
  end if;
  if cardinality(replies) > 0 then
    perform store_replies(replies);
  end if;
end
$$;
