-- The marks and counts of a participant as of now instead of the beginning of the statement: for the statement that waits
-- for the lock of the conversation, so that what commits meanwhile counts. Without a conversation there is no row.
create or replace function read_state_after_mark(conversation uuid, reader uuid)
returns table (last_read_number bigint, last_delivered_number bigint, unread_count bigint, mention_count bigint)
language plpgsql volatile
as $$
#variable_conflict use_column
begin
  return query
    select least(p.last_read_number, p.unread_from_number - 1), p.last_delivered_number,
           unread_messages(p, h.last_number, c.settings), unread_mentions(p, h.last_number)
      from participants p
      join conversations c on c.id = p.conversation_id
      join stream_heads h on h.stream_id = p.conversation_id
     where p.conversation_id = conversation and p.user_id = reader;
end
$$;
