import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';
import { LOGIN_LIMIT } from '../../modules/auth/auth.limits.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { CALL_LIMIT, CONNECT_LIMIT } from '../../platform/throttling/limits.js';

/** The documented limits of this dialect, counted together with all other APIs. */
export const DIRECT_LIMITS: LimitProfile = {
  [LOGIN_LIMIT.name]: { byRole: perRole(5), windowSeconds: 60 },
  [CALL_LIMIT.name]: { byRole: perRole(100), windowSeconds: 60 },
  [MESSAGE_SEND_LIMIT.name]: { byRole: perRole(100), windowSeconds: 60 },
  [CONNECT_LIMIT.name]: { byRole: perRole(10), windowSeconds: 60 },
};
