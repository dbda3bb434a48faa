import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';

const HOUR = 3600;

/** The numbers of this dialect, whoever asks; what it does not name is as everywhere. */
export const CHAT_LIMITS: LimitProfile = {
  // RATE_LIMIT_REQUESTS and RATE_LIMIT_WINDOW are names of this dialect.
  call: { byRole: perRole(100), windowSeconds: HOUR, isOverridable: true },
  upload: { byRole: perRole(10), windowSeconds: HOUR },
  'message.send': { byRole: perRole(60), windowSeconds: 60 },
};

/** Of those nobody knows yet: the hundred calls an hour are a user's, not those of all who share an address. */
export const CHAT_LOGIN_LIMITS: LimitProfile = {
  login: { byRole: perRole(5), windowSeconds: 900 },
};
