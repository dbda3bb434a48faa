import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';

/** The documented limits of this dialect, counted together with all other APIs. */
export const CLASSROOM_LIMITS: LimitProfile = {
  'message.send': { byRole: { user: 10, student: 10, teacher: 20, moderator: 30, admin: 50 }, windowSeconds: 60 },
  'conversation.create': { byRole: { user: 5, student: 5, teacher: 8, moderator: 10, admin: 20 }, windowSeconds: 300 },
  upload: { byRole: perRole(3), windowSeconds: 60 },
  connect: { byRole: perRole(10), windowSeconds: 60 },
  call: { byRole: perRole(100), windowSeconds: 60 },
};
