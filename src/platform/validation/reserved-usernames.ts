/** Names that stand for something in addresses or that would pass for the operator's. Folded form. */
const RESERVED_USERNAMES: ReadonlySet<string> = new Set([
  ...['me', 'self', 'chat', 'admin', 'administrator', 'system', 'root', 'moderator', 'owner', 'operator', 'staff'],
  ...['support', 'help', 'security', 'abuse', 'postmaster', 'webmaster', 'noreply', 'no-reply', 'official', 'parley'],
  ...['bot', 'server', 'service', 'guest', 'anonymous', 'deleted', 'unknown', 'nobody', 'everyone', 'here', 'all'],
  ...['api', 'auth', 'login', 'logout', 'register', 'users', 'user', 'messages', 'conversations', 'rooms', 'files'],
  ...['groups', 'webhooks', 'sessions', 'status', 'search', 'upload', 'presence', 'health', 'metrics', 'docs', 'www'],
  ...['null', 'undefined', 'true', 'false', 'nan', 'constructor', 'prototype', '__proto__', '.', '..', '...'],
]);

/** Whether nobody may register under this name; expects what `foldUsername` gives. */
export function isReservedUsername(folded: string): boolean {
  return RESERVED_USERNAMES.has(folded);
}
