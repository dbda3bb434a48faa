-- Moves read and delivery marks, a batch in one round trip and one transaction. Marks only grow and never pass the newest
-- message. A read mark also ends or moves the number from which the participant has marked the conversation as unread:
-- has_read_moved includes that.
--
-- Heads are locked first and in id order, exactly as append_messages does it (which moves the sender's own mark), so that
-- the two cannot deadlock. The second statement has a snapshot taken after the locks.
--
-- Input: [{conversation_id, user_id, session_id, message_id, read, delivered}]. read may be null. With a message id, the
-- number of that message replaces both given numbers.
-- Output: one row per entry, in the order of the input. Entries of one user in one conversation have the same result.
create or replace function mark_participants(batch json)
returns table (ordinal int, outcome text, last_read_number bigint, last_delivered_number bigint, last_number bigint,
               has_read_moved boolean, has_moved boolean)
language plpgsql volatile
set enable_seqscan = off
set enable_hashjoin = off
as $$
#variable_conflict use_column
begin
  perform from stream_heads h
    where h.stream_id in (select (e ->> 'conversation_id')::uuid from json_array_elements(batch) e)
    order by h.stream_id
      for no key update;

  return query
  with entry as materialized (
    select (row_number() over ())::int as ordinal, e.*
      from json_to_recordset(batch) as e (
        conversation_id uuid, user_id uuid, session_id uuid, message_id uuid, read bigint, delivered bigint)
  ),
  checked as materialized (
    select e.ordinal, e.conversation_id, e.user_id, h.last_number, p.last_read_number, p.last_delivered_number,
           p.unread_from_number,
           case when e.read is not null then least(coalesce(m.sequence_number, e.read), h.last_number) end as read,
           least(coalesce(m.sequence_number, e.delivered), h.last_number) as delivered,
           case
             when s.id is null or s.revoked_at is not null or s.expires_at <= now()
               or u.id is null or u.deleted_at is not null                         then 'session_ended'
             when user_is_banned(u.banned_at, u.banned_until)                      then 'banned'
             when h.stream_id is null or c.id is null or c.deleted_at is not null  then 'not_found'
             when p.user_id is null or p.left_seq is not null                      then 'not_participant'
             when e.message_id is not null and m.id is null                        then 'message_not_found'
             else 'marked'
           end as outcome
      from entry e
      left join stream_heads h on h.stream_id = e.conversation_id
      left join conversations c on c.id = e.conversation_id
      left join participants p on p.conversation_id = e.conversation_id and p.user_id = e.user_id
      left join users u on u.id = e.user_id
      left join sessions s on s.id = e.session_id and (s.user_id = e.user_id or s.is_server_key)
      left join messages m on m.id = e.message_id and m.conversation_id = e.conversation_id
                          and is_in_audience(m.audience, m.sender_id, e.user_id)
  ),
  wanted as (
    select j.conversation_id, j.user_id, max(j.read) as read, max(greatest(j.read, j.delivered)) as delivered
      from checked j where j.outcome = 'marked' group by j.conversation_id, j.user_id
  ),
  moved as (
    update participants p
       set last_read_number = greatest(p.last_read_number, w.read),
           last_delivered_number = greatest(p.last_delivered_number, w.delivered),
           unread_from_number = case when w.read >= p.last_read_number then null
                                     when w.read >= p.unread_from_number then w.read + 1
                                     else p.unread_from_number end,
           marked_at = clock_timestamp()
      from wanted w
     where p.conversation_id = w.conversation_id and p.user_id = w.user_id
       and (p.last_read_number < w.read or p.last_delivered_number < w.delivered or p.unread_from_number <= w.read)
    returning p.conversation_id, p.user_id, p.last_read_number, p.last_delivered_number, p.unread_from_number
  )
  select j.ordinal, j.outcome, coalesce(v.last_read_number, j.last_read_number),
         coalesce(v.last_delivered_number, j.last_delivered_number), j.last_number,
         coalesce(v.last_read_number > j.last_read_number, false)
           or v.user_id is not null and v.unread_from_number is distinct from j.unread_from_number, v.user_id is not null
    from checked j
    left join moved v on v.conversation_id = j.conversation_id and v.user_id = j.user_id and j.outcome = 'marked'
   order by j.ordinal;
end
$$;
