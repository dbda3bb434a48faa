-- Makes the cleanup check the files again whose attachment was deleted, in the transaction that deletes it. Locks in id
-- order, as append_messages does. Writes even where nothing is recorded: the cleanup may be about to record what it read
-- before, and this update must come after it.
create or replace function let_go_of_files() returns trigger
language plpgsql
as $$
begin
  perform from files where id in (select file_id from gone) order by id for no key update;
  update files set shown_in = null where id in (select file_id from gone);
  return null;
end
$$;
