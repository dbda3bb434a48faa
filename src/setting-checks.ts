import { firstAdminProblems } from './modules/auth/first-admin-settings.js';
import { unknownTypes } from './modules/files/allowed-types.js';
import type { SettingValues } from './platform/config/settings.js';

/**
 * What is wrong with settings whose meaning a module knows, one sentence each, as `readConfiguration` names the others.
 * A start and `config check` ask both.
 */
export async function settingProblems(values: SettingValues): Promise<string[]> {
  const unknown = unknownTypes(values.fileTypes).map(
    (name) => `FILE_TYPES has the entry "${name}", of which there is no type; docs/file-types.md lists them`,
  );
  return [...unknown, ...(await firstAdminProblems(values))];
}
