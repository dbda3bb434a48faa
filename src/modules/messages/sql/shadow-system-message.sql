-- Limits a system message that was just stored to its sender, who is shadow-banned. For others the conversation is as
-- active as it was before. The caller holds the lock of the head.
create or replace function shadow_system_message(message uuid) returns void
language sql volatile
as $$
  with limited as (
    update messages set audience = '{}' where id = message returning conversation_id, sender_id, created_at
  ),
  marked as (
    update participants p set last_limited_at = l.created_at
      from limited l where p.conversation_id = l.conversation_id and p.user_id = l.sender_id
  )
  update stream_heads h
     set last_number_at = (select m.created_at from messages m
                            where m.conversation_id = h.stream_id and m.audience is null and not m.is_thread_only
                              and m.id <> message
                            order by m.sequence_number desc limit 1)
    from limited l where h.stream_id = l.conversation_id
$$;
