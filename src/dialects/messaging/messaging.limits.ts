import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';

/** The limits of this dialect for all roles; others have their defaults. */
export const MESSAGING_LIMITS: LimitProfile = {
  'message.send': { byRole: perRole(60), windowSeconds: 60 },
  connect: { byRole: perRole(10), windowSeconds: 60 },
  typing: { byRole: perRole(30), windowSeconds: 60 },
  upload: { byRole: perRole(20), windowSeconds: 60 },
  'connect.ip': { byRole: perRole(100), windowSeconds: 60 },
};
