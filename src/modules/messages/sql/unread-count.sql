-- The number of messages above a mark that are not deleted; 0 without a mark. Messages that retention has emptied lie
-- below one number of the conversation and are not counted one by one.
create or replace function unread_count(conversation uuid, read_up_to bigint, newest bigint) returns bigint
language sql stable parallel safe
as $$
  select case when read_up_to < newest then (
           select newest - floor.number - (
                    select count(*) from messages m
                     where m.conversation_id = conversation and m.deleted_at is not null and m.sequence_number > floor.number)
             from (select greatest(read_up_to, least(newest, coalesce((
                            select r.last_number from retention_marks r where r.conversation_id = conversation), 0))) as number) floor)
         else 0 end
$$;
