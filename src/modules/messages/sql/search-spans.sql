-- The spans of time that contain a millisecond, from one second to 199 days, each 64 times as long as the one before. A
-- search goes back in time in growing windows and names a window by a few of these; search-messages.ts does the same
-- arithmetic. The index message_search_words_idx stores the result: other spans need a function with another name and a
-- new index.
create or replace function search_spans(ms bigint) returns bigint[]
language sql immutable parallel safe
as $$
  select array[(ms >> 10) * 8, (ms >> 16) * 8 + 1, (ms >> 22) * 8 + 2, (ms >> 28) * 8 + 3, (ms >> 34) * 8 + 4]
$$;
