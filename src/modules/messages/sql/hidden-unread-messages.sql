-- The number of messages above a number that would count as unread, but that the participant has deleted for themselves.
create or replace function hidden_unread_messages(reader participants, above bigint, settings jsonb) returns bigint
language sql stable parallel safe
as $$
  select count(*)
    from hidden_messages x join messages m on m.id = x.message_id
   where x.user_id = reader.user_id and x.conversation_id = reader.conversation_id and x.sequence_number > above
     and m.deleted_at is null and not m.is_thread_only
     and case when m.message_type = 'system' then settings -> 'count_system_messages' = 'true' and m.sender_id <> reader.user_id
              else m.sequence_number > reader.last_read_number or m.sender_id <> reader.user_id end
$$;
