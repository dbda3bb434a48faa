import { type LimitProfile, perRole } from '../../platform/throttling/limits.js';

/** The numbers this dialect promises, against the counters all addresses share. A message is a call like any other. */
export const DIRECT_LIMITS: LimitProfile = {
  login: { byRole: perRole(5), windowSeconds: 60 },
  call: { byRole: perRole(100), windowSeconds: 60 },
  'message.send': { byRole: perRole(100), windowSeconds: 60 },
  connect: { byRole: perRole(10), windowSeconds: 60 },
};
