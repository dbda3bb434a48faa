-- Keeps conversations.counted_participants, where it is not null. The writers of participants hold the lock of the head of
-- the conversation.
create or replace function count_participants() returns trigger
language plpgsql
as $$
begin
  if tg_op = 'INSERT' then
    update conversations c set counted_participants = c.counted_participants + n.count
      from (select conversation_id, count(*) as count from added where left_seq is null group by conversation_id) n
     where c.id = n.conversation_id and c.counted_participants is not null;
  elsif tg_op = 'DELETE' then
    update conversations c set counted_participants = c.counted_participants - n.count
      from (select conversation_id, count(*) as count from deleted where left_seq is null group by conversation_id) n
     where c.id = n.conversation_id and c.counted_participants is not null;
  else
    update conversations c set counted_participants = c.counted_participants + case when new.left_seq is null then 1 else -1 end
     where c.id = new.conversation_id and c.counted_participants is not null;
  end if;
  return null;
end
$$;
