import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const WEBHOOK_VERIFICATION_LIMIT = defineLimit('webhook.verification', {
  byRole: perRole(20),
  windowSeconds: 3600,
  environment: 'LIMIT_WEBHOOK_VERIFICATION',
  description: 'New webhook URLs that one user may have verified.',
});

export const WEBHOOK_HOST_VERIFICATION_LIMIT = defineLimit('webhook.verification.host', {
  byRole: perRole(200),
  windowSeconds: 3600,
  environment: 'LIMIT_WEBHOOK_VERIFICATION_HOST',
  description: 'New webhook URLs at one host that all users together may have verified.',
});
