import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const TYPING_LIMIT = defineLimit('typing', {
  byRole: perRole(30),
  windowSeconds: 60,
  environment: 'LIMIT_TYPING',
  description: 'Typing signals one user may send.',
  priority: 'signals',
});
