import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const INVITATION_LIMIT = defineLimit('invitation.create', {
  byRole: perRole(30, { moderator: 60, admin: 120 }),
  windowSeconds: 300,
  environment: 'LIMIT_INVITATION',
  description: 'Calls with which one user may invite others to conversations.',
});
