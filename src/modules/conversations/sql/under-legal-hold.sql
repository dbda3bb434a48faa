-- Whether nothing of this conversation may be deleted: it is held itself, or a user who takes or took part in it is.
create or replace function under_legal_hold(conversation uuid) returns boolean
language sql stable
as $$
  select exists (
    select from legal_holds h
     where h.released_at is null
       and (h.target_type = 'conversation' and h.target_id = conversation
            or h.target_type = 'user' and exists (
                 select from participants p where p.conversation_id = conversation and p.user_id = h.target_id)))
$$;
