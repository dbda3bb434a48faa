-- Notes for those who see messages which were just stored, and which only some see, when the last of them was sent. The caller
-- holds the locks of the conversations.
create or replace function store_limited_messages(sent uuid[]) returns void
language sql volatile
as $$
  update participants p
     set last_limited_at = greatest(p.last_limited_at, m.created_at)
    from messages m
   where m.id = any (sent) and m.audience is not null and not m.is_thread_only
     and p.conversation_id = m.conversation_id and p.user_id = any (m.audience || m.sender_id)
$$;
