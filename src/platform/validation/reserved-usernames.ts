import { lookOf } from './text.js';

/** Names that stand for something in addresses or that would pass for the operator's. Folded form. */
const RESERVED_USERNAMES: ReadonlySet<string> = new Set([
  ...['me', 'self', 'chat', 'admin', 'administrator', 'system', 'root', 'moderator', 'owner', 'operator', 'staff'],
  ...['support', 'help', 'security', 'abuse', 'postmaster', 'webmaster', 'noreply', 'no-reply', 'official', 'parley'],
  ...['bot', 'server', 'service', 'guest', 'anonymous', 'deleted', 'unknown', 'nobody', 'everyone', 'here', 'all'],
  ...['api', 'auth', 'login', 'logout', 'register', 'users', 'user', 'messages', 'conversations', 'rooms', 'files'],
  ...['groups', 'webhooks', 'sessions', 'status', 'search', 'upload', 'presence', 'health', 'metrics', 'docs', 'www'],
  ...['null', 'undefined', 'true', 'false', 'nan', 'constructor', 'prototype', '__proto__', '.', '..', '...'],
]);

/** Names under which others would be believed to speak for the installation, or to be its own words, as they look. */
const OFFICIAL_NAMES: ReadonlySet<string> = new Set(
  [
    ...['admin', 'administrator', 'system', 'system admin', 'moderator', 'operator', 'support', 'official', 'parley'],
    ...['deleted', 'deleted user', 'deleted account', 'unknown user', 'server admin', 'site admin', 'root', 'sysadmin'],
  ].map(lookOf),
);

/** Whether nobody may register under this name; expects what `foldUsername` gives. */
export function isReservedUsername(folded: string): boolean {
  return RESERVED_USERNAMES.has(folded) || isOfficialName(folded);
}

/** Whether a name passes for one of the installation itself (`Admin`, `SYSTEM`, `Аdmіn` in Cyrillic, `Deleted user`). */
export function isOfficialName(name: string): boolean {
  return OFFICIAL_NAMES.has(lookOf(name));
}
