import { ValidationError } from '../../platform/errors/app-error.js';
import { requireEmail } from '../users/user-fields.policy.js';
import { EstimateThreadSettings, PasswordStrength } from './password-strength.service.js';

export const FIRST_ADMIN_USERNAME = 'admin';
export const FIRST_ADMIN_EMAIL = 'admin@parley.local';

/** Returns the problems of the configured email and password of the first admin, one sentence each. */
export async function firstAdminProblems({
  adminEmail = FIRST_ADMIN_EMAIL,
  adminPassword,
}: {
  adminEmail?: string;
  adminPassword?: string;
}): Promise<string[]> {
  return [
    ...(await problemOf('ADMIN_EMAIL', () => requireEmail(adminEmail))),
    ...(adminPassword === undefined
      ? []
      : await problemOf('ADMIN_PASSWORD', () =>
          requireStrong('ADMIN_PASSWORD', adminPassword, [FIRST_ADMIN_USERNAME, adminEmail]),
        )),
  ];
}

/** Runs before there is an application with an estimator thread. */
async function requireStrong(field: string, password: string, accountNames: readonly string[]): Promise<void> {
  const strength = new PasswordStrength(new EstimateThreadSettings());
  await strength.requireStrong(field, password, accountNames).finally(() => strength.onModuleDestroy());
}

async function problemOf(name: string, check: () => unknown): Promise<string[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return error.problems.map(({ reason }) => `${name} ${reason}`);
  }
}
