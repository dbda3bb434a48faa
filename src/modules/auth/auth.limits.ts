import { defineLimit, perRole } from '../../platform/throttling/limits.js';

/** Five attempts for each account would let one IP address try all accounts, so they also count as its calls. */
export const LOGIN_LIMIT = defineLimit('login', {
  byRole: perRole(5),
  windowSeconds: 60,
  environment: 'LIMIT_LOGIN',
  description: 'Logins and refreshes of one account from one IP address.',
  countsNamedAccount: true,
});

export const FAILED_LOGIN_LIMIT = defineLimit('login.failed', {
  byRole: perRole(30),
  windowSeconds: 60,
  environment: 'LIMIT_LOGIN_FAILED',
  description: 'Failed logins from one IP address, for all accounts together; known devices do not count.',
});
