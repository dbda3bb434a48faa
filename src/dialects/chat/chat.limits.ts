import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';
import { LOGIN_LIMIT } from '../../modules/auth/auth.limits.js';
import { UPLOAD_LIMIT } from '../../modules/files/files.limits.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

const HOUR = 3600;

/** The limits of this dialect, the same for all roles. Actions that are not listed have Parley's own limits. */
export const CHAT_LIMITS: LimitProfile = {
  // This dialect defines the names RATE_LIMIT_REQUESTS and RATE_LIMIT_WINDOW.
  [CALL_LIMIT.name]: { byRole: perRole(100), windowSeconds: HOUR, isOverridable: true },
  [UPLOAD_LIMIT.name]: { byRole: perRole(10), windowSeconds: HOUR },
  [MESSAGE_SEND_LIMIT.name]: { byRole: perRole(60), windowSeconds: 60 },
};

/** Registration and login. Under `CHAT_LIMITS` all users of one IP address would share the hundred calls an hour. */
export const CHAT_LOGIN_LIMITS: LimitProfile = {
  [LOGIN_LIMIT.name]: { byRole: perRole(5), windowSeconds: 900 },
};
