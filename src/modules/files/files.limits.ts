import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const UPLOAD_LIMIT = defineLimit('upload', {
  byRole: perRole(20, { moderator: 40, admin: 100 }),
  windowSeconds: 60,
  environment: 'LIMIT_UPLOAD',
  description: 'Files one user may upload.',
});
