-- Entries of the audit log are never changed or deleted: the trigger audit_log_immutable refuses it for every role.
create or replace function refuse_audit_change() returns trigger
language plpgsql
as $$
begin
  raise exception 'the audit log is only ever added to' using errcode = 'insufficient_privilege';
end
$$;
