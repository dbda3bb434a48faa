-- A title that was changed without its folded form was written by a version that does not store one.
create or replace function forget_folded_title() returns trigger
language plpgsql
as $$
begin
  new.folded_title := null;
  return new;
end
$$;
