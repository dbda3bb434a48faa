-- Whether a participant with these columns is muted now; null without a participant.
create or replace function participant_is_muted(is_muted boolean, muted_until timestamptz) returns boolean
  language sql stable parallel safe
  return is_muted and (muted_until is null or muted_until > now());
