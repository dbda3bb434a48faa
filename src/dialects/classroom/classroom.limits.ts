import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';
import { CONVERSATION_CREATE_LIMIT } from '../../modules/conversations/conversations.limits.js';
import { UPLOAD_LIMIT } from '../../modules/files/files.limits.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { CALL_LIMIT, CONNECT_LIMIT } from '../../platform/throttling/limits.js';

/** The documented limits of this dialect, counted together with all other APIs. */
export const CLASSROOM_LIMITS: LimitProfile = {
  [MESSAGE_SEND_LIMIT.name]: {
    byRole: { user: 10, student: 10, teacher: 20, moderator: 30, admin: 50 },
    windowSeconds: 60,
  },
  [CONVERSATION_CREATE_LIMIT.name]: {
    byRole: { user: 5, student: 5, teacher: 8, moderator: 10, admin: 20 },
    windowSeconds: 300,
  },
  [UPLOAD_LIMIT.name]: { byRole: perRole(3), windowSeconds: 60 },
  [CONNECT_LIMIT.name]: { byRole: perRole(10), windowSeconds: 60 },
  [CALL_LIMIT.name]: { byRole: perRole(100), windowSeconds: 60 },
};
