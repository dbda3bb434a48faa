-- The number of system messages of others above a number, for conversations whose settings count them.
create or replace function unread_system_messages(reader participants, above bigint) returns bigint
language sql stable parallel safe
as $$
  select count(*) from messages m
   where m.conversation_id = reader.conversation_id and m.sequence_number > above and m.message_type = 'system'
     and m.deleted_at is null and not m.is_thread_only and m.sender_id <> reader.user_id
     and is_in_audience(m.audience, m.sender_id, reader.user_id)
$$;
