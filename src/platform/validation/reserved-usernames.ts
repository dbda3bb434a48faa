import { skeletonOf } from './text.js';

/** Names with a meaning in paths, or that look like names of the operator. Folded form. */
const RESERVED_USERNAMES: ReadonlySet<string> = new Set([
  ...['me', 'self', 'chat', 'admin', 'administrator', 'system', 'root', 'moderator', 'owner', 'operator', 'staff'],
  ...['support', 'help', 'security', 'abuse', 'postmaster', 'webmaster', 'noreply', 'no-reply', 'official', 'parley'],
  ...['bot', 'server', 'service', 'guest', 'anonymous', 'deleted', 'unknown', 'nobody', 'everyone', 'here', 'all'],
  ...['api', 'auth', 'login', 'logout', 'register', 'users', 'user', 'messages', 'conversations', 'rooms', 'files'],
  ...['groups', 'webhooks', 'sessions', 'status', 'search', 'upload', 'presence', 'health', 'metrics', 'docs', 'www'],
  ...['null', 'undefined', 'true', 'false', 'nan', 'constructor', 'prototype', '__proto__', '.', '..', '...'],
]);

/** Names that would make a user look like the installation or its operator, in the form of `skeletonOf`. */
const OFFICIAL_NAMES: ReadonlySet<string> = new Set(
  [
    ...['admin', 'administrator', 'system', 'system admin', 'moderator', 'operator', 'support', 'official', 'parley'],
    ...['deleted', 'deleted user', 'deleted account', 'unknown user', 'server admin', 'site admin', 'root', 'sysadmin'],
  ].map(skeletonOf),
);

/** Whether the name, in the form of `foldUsername`, may not be registered. */
export function isReservedUsername(folded: string): boolean {
  return RESERVED_USERNAMES.has(folded) || isOfficialName(folded);
}

/**
 * Whether a name looks like one of the installation itself (`Admin`, `SYSTEM`, `Аdmіn` in Cyrillic, `Deleted user`).
 */
export function isOfficialName(name: string): boolean {
  return OFFICIAL_NAMES.has(skeletonOf(name));
}
