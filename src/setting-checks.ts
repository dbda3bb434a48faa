import { firstAdminProblems } from './modules/auth/first-admin-settings.js';
import { unknownTypes } from './modules/files/file-types.js';
import type { SettingValues } from './platform/config/settings.js';

/**
 * Returns the problems of settings that a module validates, one sentence each; `readConfiguration` returns the others.
 * A start and `config check` check both.
 */
export async function settingProblems(values: SettingValues): Promise<string[]> {
  const unknown = unknownTypes(values.fileTypes).map(
    (name) => `FILE_TYPES has the entry "${name}", which is not a known type; docs/file-types.md lists them`,
  );
  return [...unknown, ...(await firstAdminProblems(values))];
}
