-- Whether the conversation type or the conversation itself has switched a feature off, by their settings.
create or replace function feature_is_off(feature text, of_type jsonb, of_conversation jsonb) returns boolean
  language sql immutable parallel safe
  return coalesce(of_type -> feature = 'false', false) or coalesce(of_conversation -> feature = 'false', false);
