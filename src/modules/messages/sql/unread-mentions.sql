-- The number of unread messages that mention a participant: by name, with all others, or with those who were online. A
-- message to all has no row for each participant: it mentions those who had joined. A deleted message mentions no user.
-- Mentions in replies that are only in a thread are read with the thread and do not count here.
create or replace function unread_mentions(reader participants, newest bigint) returns bigint
language sql stable parallel safe
as $$
  select case when mark.number < newest then
           (select count(*) from message_mentions r
             where r.user_id = reader.user_id and r.conversation_id = reader.conversation_id
               and r.sequence_number > mark.number and r.thread_root_id is null)
           + (select count(*) from messages m
               where m.conversation_id = reader.conversation_id and m.sequence_number > mark.number
                 and m.mention_scope = 'all' and m.deleted_at is null and m.sender_id <> reader.user_id
                 and m.seq >= reader.joined_seq and is_in_audience(m.audience, m.sender_id, reader.user_id)
                 and reader.user_id <> all (m.mentions))
           - case when reader.has_hidden_messages then hidden_unread_mentions(reader, mark.number) else 0 end
         else 0 end
    from (select greatest(least(reader.last_read_number, reader.unread_from_number - 1), reader.hidden_up_to_number) as number) mark
$$;
