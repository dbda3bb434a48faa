-- unread_count as of now instead of the beginning of the statement: for the statement that waits for the lock of the
-- conversation, so that a deletion that commits meanwhile counts.
create or replace function unread_count_after_mark(conversation uuid, read_up_to bigint, newest bigint) returns bigint
language plpgsql volatile
as $$
begin
  return unread_count(conversation, read_up_to, newest);
end
$$;
