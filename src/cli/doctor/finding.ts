import type { SettingValues } from '../../platform/config/settings.js';

export type Grade = 'ok' | 'warning' | 'fault';

/** The result of one check. A result other than `ok` has advice. */
export interface Finding {
  readonly check: string;
  readonly grade: Grade;
  readonly says: string;
  readonly advice?: string;
}

/** The input of a check. */
export interface CheckContext {
  readonly values: SettingValues;
  readonly machine: Machine;
}

/** The machine that is checked. */
export interface Machine {
  readonly nodeVersion: string;
  /** `engines.node` of package.json: `>=20.19.0`. */
  readonly nodeRequired: string;
  now(): number;
  /** Returns the free bytes of the disk at this path, and their fraction. */
  freeSpace(path: string): Promise<{ bytes: number; share: number }>;
}

export interface Check {
  /** The settings that the check needs: it is skipped if one of them is invalid. */
  readonly needs: readonly string[];
  run(context: CheckContext): Promise<Finding[]>;
}

export const ok = (check: string, says: string): Finding => ({ check, grade: 'ok', says });
export const warning = (check: string, says: string, advice: string): Finding => ({
  check,
  grade: 'warning',
  says,
  advice,
});
export const fault = (check: string, says: string, advice: string): Finding => ({
  check,
  grade: 'fault',
  says,
  advice,
});

/** The message of an error, without its stack. */
export function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || String(error);
}
