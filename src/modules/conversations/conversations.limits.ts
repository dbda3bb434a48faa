import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const CONVERSATION_CREATE_LIMIT = defineLimit('conversation.create', {
  byRole: perRole(20, { moderator: 40, admin: 100 }),
  windowSeconds: 300,
  environment: 'LIMIT_CONVERSATION_CREATE',
  description: 'Conversations one user may create.',
});
