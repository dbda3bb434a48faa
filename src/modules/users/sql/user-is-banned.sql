-- Whether a user with these columns is banned now.
create or replace function user_is_banned(banned_at timestamptz, banned_until timestamptz) returns boolean
  language sql stable parallel safe
  return banned_at is not null and (banned_until is null or banned_until > now());
