-- Whether a webhook subscribes to such an event of this stream: one that receives everything, one of the user whose own
-- stream it is, or one of a participant of the conversation. Without any webhook it is one index look-up.
create or replace function outbox_wants(wanted text, stream uuid) returns boolean
language plpgsql stable
as $$
begin
  if not exists (select from outbox_interests i where i.type = wanted) then return false; end if;
  return exists (select from outbox_interests i where i.type = wanted and (i.user_id is null or i.user_id = stream))
      or exists (select from outbox_interests i
                   join participants p on p.user_id = i.user_id and p.conversation_id = stream and p.left_seq is null
                  where i.type = wanted);
end
$$;

-- The same for an event about a user. A participant who leaves a conversation or is removed from it is notified too: at
-- that moment they are no longer a participant.
create or replace function outbox_wants(wanted text, stream uuid, subject uuid) returns boolean
language plpgsql stable
as $$
begin
  return outbox_wants(wanted, stream)
      or wanted = 'participant.left'
         and exists (select from outbox_interests i where i.type = wanted and i.user_id = subject);
end
$$;
