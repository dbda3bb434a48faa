import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';
import { UPLOAD_LIMIT } from '../../modules/files/files.limits.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { TYPING_LIMIT } from '../../modules/presence/presence.limits.js';
import { CONNECT_IP_LIMIT, CONNECT_LIMIT } from '../../platform/throttling/limits.js';

/** The limits of this dialect, the same for all roles. Actions that are not listed have Parley's own limits. */
export const MESSAGING_LIMITS: LimitProfile = {
  [MESSAGE_SEND_LIMIT.name]: { byRole: perRole(60), windowSeconds: 60 },
  [CONNECT_LIMIT.name]: { byRole: perRole(10), windowSeconds: 60 },
  [TYPING_LIMIT.name]: { byRole: perRole(30), windowSeconds: 60 },
  [UPLOAD_LIMIT.name]: { byRole: perRole(20), windowSeconds: 60 },
  [CONNECT_IP_LIMIT.name]: { byRole: perRole(100), windowSeconds: 60 },
};
