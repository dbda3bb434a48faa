-- Opens streaming messages that were just stored, under the lock of their conversations: each begins empty.
create or replace function open_streaming_messages(sent uuid[]) returns void
language sql volatile
as $$
  with opened as (
    update messages set streaming = 'open' where id = any (sent)
    returning id, conversation_id, sender_id, created_at
  )
  insert into streaming_messages (message_id, conversation_id, sender_id, appended_at)
  select id, conversation_id, sender_id, created_at from opened
$$;
