-- The rank of a role of participants, as in participant-roles.ts; null without a role.
create or replace function role_rank(role text) returns int
  language sql immutable parallel safe
  return case role when 'owner' then 4 when 'admin' then 3 when 'moderator' then 2 when 'participant' then 1 end;
