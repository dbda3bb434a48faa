-- The number of mentions above a number that would count as unread, but that the participant has deleted for themselves.
create or replace function hidden_unread_mentions(reader participants, above bigint) returns bigint
language sql stable parallel safe
as $$
  select count(*)
    from hidden_messages x join messages m on m.id = x.message_id
   where x.user_id = reader.user_id and x.conversation_id = reader.conversation_id and x.sequence_number > above
     and m.deleted_at is null and m.sender_id <> reader.user_id
     and (exists (select from message_mentions r
                   where r.user_id = x.user_id and r.message_id = x.message_id and r.thread_root_id is null)
          or m.mention_scope = 'all' and m.seq >= reader.joined_seq)
$$;
