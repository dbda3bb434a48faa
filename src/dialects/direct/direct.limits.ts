import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';

/**
 * The documented limits of this dialect, counted together with all other APIs. A message counts like any other call.
 */
export const DIRECT_LIMITS: LimitProfile = {
  login: { byRole: perRole(5), windowSeconds: 60 },
  call: { byRole: perRole(100), windowSeconds: 60 },
  'message.send': { byRole: perRole(100), windowSeconds: 60 },
  connect: { byRole: perRole(10), windowSeconds: 60 },
};
