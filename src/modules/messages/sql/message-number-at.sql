-- The number of the first message of a conversation that was created at this time or later, by bisection: numbers grow
-- with time. One more than the newest number if there is none.
create or replace function message_number_at(conversation uuid, ms bigint) returns bigint
language plpgsql stable parallel safe
as $$
declare
  low bigint := 1;
  high bigint := 1 + coalesce((select max(m.sequence_number) from messages m where m.conversation_id = conversation), 0);
  middle bigint;
  at timestamptz;
begin
  while low < high loop
    middle := (low + high) / 2;
    select m.created_at into at from messages m
     where m.conversation_id = conversation and m.sequence_number >= middle order by m.sequence_number limit 1;
    if at < to_timestamp(ms / 1000.0) then low := middle + 1; else high := middle; end if;
  end loop;
  return low;
end
$$;
