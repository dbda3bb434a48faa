-- Whether a text has a link: a URL, or a name that apps make clickable (as in link-finder.ts).
create or replace function has_link(content text) returns boolean
  language sql immutable parallel safe
  return content ~* ('\m[a-z][a-z0-9+.-]*://[^\s]|\mwww\.[^\s]|[[:alnum:]-]\.(com|net|org|info|biz|app|dev|xyz|online|site|shop'
    || '|store|club|link|click|live|tech|top|page|blog|news|chat|ninja|[a-z]{2})\M');
