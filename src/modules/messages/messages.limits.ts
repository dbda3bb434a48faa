import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const MESSAGE_SEND_LIMIT = defineLimit('message.send', {
  byRole: perRole(60, { moderator: 120, admin: 300 }),
  windowSeconds: 60,
  environment: 'LIMIT_MESSAGE_SEND',
  description: 'Messages one user may send or edit.',
});
