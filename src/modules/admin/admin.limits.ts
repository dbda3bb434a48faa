import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const REPORT_LIMIT = defineLimit('report', {
  byRole: perRole(20, { moderator: 100 }),
  windowSeconds: 3600,
  environment: 'LIMIT_REPORT',
  description: 'Reports one user may submit.',
});

export const EXPORT_LIMIT = defineLimit('export', {
  byRole: perRole(3, { moderator: 10, admin: 60 }),
  windowSeconds: 3600,
  environment: 'LIMIT_EXPORT',
  description: 'Data exports of an account that one user may request.',
});
