-- Stores when the last message that only some participants see was sent, in the rows of those participants. The messages
-- were just stored; the caller holds the locks of their conversations.
create or replace function store_limited_messages(sent uuid[]) returns void
language sql volatile
as $$
  update participants p
     set last_limited_at = greatest(p.last_limited_at, m.created_at)
    from messages m
   where m.id = any (sent) and m.audience is not null and not m.is_thread_only
     and p.conversation_id = m.conversation_id and p.user_id = any (m.audience || m.sender_id)
$$;
