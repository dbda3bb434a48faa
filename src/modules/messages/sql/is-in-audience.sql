-- Whether a reader sees a message, by its audience: the users who see it besides its sender; null: all participants, empty:
-- no other user. A reader null need not be a participant and sees all messages, as does the account in whose name the host's
-- backend reads.
create or replace function is_in_audience(audience uuid[], sender uuid, reader uuid) returns boolean
language sql immutable parallel safe
as $$
  select audience is null or reader is null or reader = sender or reader = any (audience)
         or reader = '00000000-0000-7000-8000-000000000003'
$$;
