-- The number of own messages that would count as unread, for a participant who has marked the conversation as unread. They
-- lie between the number from which it is unread and the read mark: at most the 1,000 messages from which a conversation
-- can be marked as unread.
create or replace function own_messages_above(reader participants, above bigint) returns bigint
language sql stable parallel safe
as $$
  select count(*) from messages m
   where m.conversation_id = reader.conversation_id and m.sequence_number > above
     and m.sequence_number <= reader.last_read_number and m.sender_id = reader.user_id and m.deleted_at is null
     and m.message_type <> 'system' and not m.is_thread_only
$$;
