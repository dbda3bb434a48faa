-- Computes the current presence of these users and returns those whose presence differs from the last announced one, each
-- exactly once even if several processes call it at the same time: the rows are locked first, in id order, and the second
-- statement sees every connection that was committed before.
create or replace function settle_presence(users uuid[])
returns table (user_id uuid, status text, custom text, last_seen timestamptz)
language plpgsql volatile
as $$
#variable_conflict use_column
begin
  insert into presence_settings (user_id)
  select u.id from users u where u.id = any(users) order by u.id
      on conflict do nothing;

  perform from presence_settings p where p.user_id = any(users) order by p.user_id for no key update;

  return query
  with now_is as materialized (
    select p.user_id, p.custom,
           case
             when l.user_id is null or p.status = 'offline' then 'offline'
             when p.status <> 'online'                      then p.status
             when l.is_away                                 then 'away'
             else 'online'
           end as status
      from presence_settings p
      left join (select l.user_id, bool_and(l.is_away) as is_away from presence_leases l
                  where l.user_id = any(users) group by l.user_id) l on l.user_id = p.user_id
     where p.user_id = any(users)
  )
  update presence_settings p
     set announced_status = n.status, announced_custom = n.custom,
         last_seen = case when n.status = 'offline' and p.announced_status <> 'offline' then clock_timestamp() else p.last_seen end
    from now_is n
   where p.user_id = n.user_id
     and (p.announced_status <> n.status or (n.status <> 'offline' and p.announced_custom is distinct from n.custom))
  returning p.user_id, n.status, case when n.status <> 'offline' then n.custom end, p.last_seen;
end
$$;
