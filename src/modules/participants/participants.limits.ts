import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const INVITATION_LIMIT = defineLimit('invitation.create', {
  byRole: perRole(30, { moderator: 60, admin: 120 }),
  windowSeconds: 300,
  environment: 'LIMIT_INVITATION',
  description: 'Calls with which one user may invite others to conversations.',
});

export const JOIN_REQUEST_LIMIT = defineLimit('join-request.create', {
  byRole: perRole(10, { moderator: 20, admin: 40 }),
  windowSeconds: 300,
  environment: 'LIMIT_JOIN_REQUEST',
  description: 'Join requests of one user.',
});
