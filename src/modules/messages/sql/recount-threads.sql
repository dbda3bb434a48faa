-- Counts the replies of the threads to which these messages belong again, after the messages were deleted. Returns the
-- roots. The caller holds the lock of the conversation, so no reply is added meanwhile.
create or replace function recount_threads(deleted uuid[]) returns setof uuid
language sql volatile
as $$
  update threads t
     set reply_count = c.replies, last_reply_number = coalesce(c.last_number, 0), last_reply_at = c.last_at,
         reply_user_ids = array(
           select r.sender_id
             from (select m.sender_id, max(m.sequence_number) as number from messages m
                    where m.thread_root_id = t.root_id and m.deleted_at is null and m.audience is null
                    group by m.sender_id order by number desc limit 5) r
            order by r.number desc)
    from (select w.root_id, count(m.id) filter (where m.audience is null)::int as replies,
                 max(m.sequence_number) as last_number, max(m.created_at) filter (where m.audience is null) as last_at
            from (select distinct d.thread_root_id as root_id from messages d
                   where d.id = any (deleted) and d.thread_root_id is not null) w
            left join messages m on m.thread_root_id = w.root_id and m.deleted_at is null
           group by w.root_id) c
   where t.root_id = c.root_id
  returning t.root_id
$$;
