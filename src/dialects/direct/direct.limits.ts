import type { LimitProfile } from '../../platform/throttling/limits.js';

const everybody = (count: number) => ({ user: count, student: count, teacher: count, moderator: count, admin: count });

/** The numbers this dialect promises, against the counters all addresses share. A message is a call like any other. */
export const DIRECT_LIMITS: LimitProfile = {
  login: { byRole: everybody(5), windowSeconds: 60 },
  call: { byRole: everybody(100), windowSeconds: 60 },
  'message.send': { byRole: everybody(100), windowSeconds: 60 },
  connect: { byRole: everybody(10), windowSeconds: 60 },
};
