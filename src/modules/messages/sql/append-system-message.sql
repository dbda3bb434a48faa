-- Stores one message of the type system and returns its number. The caller holds the lock of the head and appends the
-- event message.created with this seq in the same transaction. The sender need not be a participant. A sender who is one
-- and has read all messages before has also read this one, as with every send.
create or replace function append_system_message(
  message uuid, conversation uuid, sender uuid, message_content text, message_metadata jsonb, message_seq bigint,
  message_at timestamptz)
returns bigint
language sql volatile
as $$
  with numbered as (
    update stream_heads set last_number = last_number + 1, last_number_at = message_at
     where stream_id = conversation returning last_number as number
  ),
  stored as (
    insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, metadata, created_at)
    select message, conversation, n.number, message_seq, sender, 'system', message_content, message_metadata, message_at
      from numbered n
  ),
  marked as (
    update participants p
       set last_read_number = n.number, last_delivered_number = greatest(p.last_delivered_number, n.number), marked_at = message_at
      from numbered n
     where p.conversation_id = conversation and p.user_id = sender and p.last_read_number = n.number - 1
  )
  select number from numbered
$$;
