-- Writes the rows of the mentions in messages that were just stored, under the lock of their conversations: for users who
-- are mentioned by name, and with the scope here for participants who are online now. Never for all participants, and not
-- for users who do not see the message.
create or replace function store_mentions(sent uuid[]) returns void
language sql volatile
as $$
  insert into message_mentions (user_id, message_id, conversation_id, sequence_number, is_here, thread_root_id)
  select u.user_id, m.id, m.conversation_id, m.sequence_number, false, case when m.is_thread_only then m.thread_root_id end
    from messages m cross join unnest(m.mentions) as u (user_id)
   where m.id = any (sent) and u.user_id <> m.sender_id and is_in_audience(m.audience, m.sender_id, u.user_id)
  union all
  select p.user_id, m.id, m.conversation_id, m.sequence_number, true, null
    from messages m
    join participants p on p.conversation_id = m.conversation_id and p.left_seq is null and p.user_id <> m.sender_id
                       and p.user_id <> all (m.mentions)
   where m.id = any (sent) and m.mention_scope = 'here' and is_in_audience(m.audience, m.sender_id, p.user_id)
     and exists (select from presence_leases l where l.user_id = p.user_id and l.expires_at > m.created_at)
$$;
