-- The number of messages that count as unread for a participant: those of others above the read mark, or from the number
-- at which they marked the conversation as unread. Tombstones, replies that are only in a thread, messages that only others
-- see and, unless the settings say otherwise, system messages do not count. 0 without a participant.
--
-- Numbers have no gaps, so nothing is read for messages that count. An index contains the others, and those that only some
-- participants see: the first condition is that of the index. Messages that retention has emptied, and those that the
-- participant does not see, lie below one number and are not counted one by one. What few conversations need is in
-- functions of its own: a call of this one prepares everything that it contains, and lists call it for every conversation.
create or replace function unread_messages(reader participants, newest bigint, settings jsonb) returns bigint
language sql stable parallel safe
as $$
  select case when least(reader.last_read_number, reader.unread_from_number - 1) < newest then (
           select newest - mark.number
                  - (select count(*) from messages m
                      where m.conversation_id = reader.conversation_id and m.sequence_number > mark.number
                        and (m.deleted_at is not null or m.message_type = 'system' or m.is_thread_only
                             or m.audience is not null)
                        and (m.deleted_at is not null or m.message_type = 'system' or m.is_thread_only
                             or not is_in_audience(m.audience, m.sender_id, reader.user_id)))
                  + case when settings -> 'count_system_messages' = 'true'
                      then unread_system_messages(reader, mark.number) else 0 end
                  - case when reader.unread_from_number is not null
                      then own_messages_above(reader, mark.number) else 0 end
                  - case when reader.has_hidden_messages then hidden_unread_messages(reader, mark.number, settings) else 0 end
             from (select greatest(least(reader.last_read_number, reader.unread_from_number - 1),
                                   reader.hidden_up_to_number, least(newest, coalesce((
                                     select r.last_number from retention_marks r
                                      where r.conversation_id = reader.conversation_id), 0))) as number) mark)
         else 0 end
$$;
