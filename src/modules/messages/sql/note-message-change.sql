-- The change is recorded first and its row is locked even when it exists already: of an edit and the indexer one waits for
-- the other, so the indexer never removes a row without having read the text that it was written for.
create or replace function note_message_change() returns trigger
language plpgsql
as $$
begin
  insert into message_search_changes (conversation_id, message_id) values (old.conversation_id, old.id)
      on conflict (conversation_id, message_id) do update set message_id = excluded.message_id;
  delete from message_search where message_id = old.id;
  return null;
end
$$;
