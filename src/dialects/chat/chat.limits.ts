import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';

const HOUR = 3600;

/** The limits of this dialect for all roles; others have their defaults. */
export const CHAT_LIMITS: LimitProfile = {
  // This dialect defines the names RATE_LIMIT_REQUESTS and RATE_LIMIT_WINDOW.
  call: { byRole: perRole(100), windowSeconds: HOUR, isOverridable: true },
  upload: { byRole: perRole(10), windowSeconds: HOUR },
  'message.send': { byRole: perRole(60), windowSeconds: 60 },
};

/** For clients without a session: the hundred calls an hour are for a user, not for all who share an IP address. */
export const CHAT_LOGIN_LIMITS: LimitProfile = {
  login: { byRole: perRole(5), windowSeconds: 900 },
};
