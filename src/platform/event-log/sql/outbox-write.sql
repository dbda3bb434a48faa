-- Writes an event that has no position in the log, in the caller's transaction, if a webhook subscribes to it. Returns
-- whether it did.
create or replace function outbox_write(event text, stream uuid, subject uuid, content jsonb) returns boolean
language plpgsql volatile
as $$
begin
  if not outbox_wants(event, stream) then return false; end if;
  insert into outbox (type, stream_id, subject_id, payload, at)
  values (event, stream, subject, content, date_trunc('milliseconds', clock_timestamp()));
  return true;
end
$$;
