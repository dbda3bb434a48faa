-- Counts replies that were just stored at the roots of their threads, writes the event thread.updated of each directly after
-- its message.created (append_messages has left the place), and makes users follow the threads: the author of the root, the
-- sender and the users whom the reply mentions. A reply that only some participants see is not counted at the root, and only
-- users who see it follow the thread and receive its thread.updated. An author who has stopped following does not follow
-- again. The caller holds the locks of the conversations.
create or replace function store_replies(sent uuid[]) returns void
language sql volatile
as $$
  with reply as materialized (
    select m.*, root.sender_id as root_sender_id
      from messages m join messages root on root.id = m.thread_root_id
     where m.id = any (sent)
  ),
  counted as (
    insert into threads as t (root_id, conversation_id, reply_count, last_reply_number, last_reply_at, reply_user_ids,
                              has_limited_replies)
    select y.thread_root_id, y.conversation_id, count(*) filter (where y.audience is null), max(y.sequence_number),
           max(y.created_at) filter (where y.audience is null),
           array(select o.sender_id from reply o
                  where o.thread_root_id = y.thread_root_id and o.audience is null
                  group by o.sender_id order by max(o.sequence_number) desc limit 5),
           bool_or(y.audience is not null)
      from reply y group by y.thread_root_id, y.conversation_id
        on conflict (root_id) do update
       set reply_count = t.reply_count + excluded.reply_count, last_reply_number = excluded.last_reply_number,
           last_reply_at = coalesce(excluded.last_reply_at, t.last_reply_at),
           has_limited_replies = t.has_limited_replies or excluded.has_limited_replies,
           reply_user_ids = (excluded.reply_user_ids || array(
             select u.id from unnest(t.reply_user_ids) with ordinality as u (id, position)
              where u.id <> all (excluded.reply_user_ids) order by u.position))[1:5]
  ),
  followed as (
    insert into thread_followers as f (root_id, user_id, last_read_number)
    select w.root_id, w.user_id,
           case when bool_or(w.is_sender) then max(w.number) filter (where w.is_sender) else min(w.number) - 1 end
      from (select y.thread_root_id as root_id, y.sender_id as user_id, y.sequence_number as number, true as is_sender
              from reply y
            union all
            select y.thread_root_id, u.user_id, y.sequence_number, false
              from reply y cross join unnest(y.mentions) as u (user_id)
             where is_in_audience(y.audience, y.sender_id, u.user_id)
            union all
            select y.thread_root_id, y.root_sender_id, y.sequence_number, false
              from reply y
             where is_in_audience(y.audience, y.sender_id, y.root_sender_id)
               and not exists (select from thread_followers k
                                where k.root_id = y.thread_root_id and k.user_id = y.root_sender_id)) w
     group by w.root_id, w.user_id
        on conflict (user_id, root_id) do update
       set is_following = true,
           last_read_number = greatest(f.last_read_number, case when exists (
             select from reply y where y.thread_root_id = f.root_id and y.sender_id = f.user_id)
             then excluded.last_read_number end)
  )
  insert into events (stream_id, seq, type, actor_id, subject_id, payload, at)
  select y.conversation_id, y.seq + 1, 'thread.updated', y.sender_id, y.thread_root_id,
         case when y.audience is not null then jsonb_build_object('only_for', y.audience || y.sender_id) end, y.created_at
    from reply y
$$;
