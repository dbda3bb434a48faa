import type { SettingValues } from '../../platform/config/settings.js';

export type Grade = 'ok' | 'warning' | 'fault';

/** What one look found. Whatever is not `ok` says what to do about it. */
export interface Finding {
  readonly check: string;
  readonly grade: Grade;
  readonly says: string;
  readonly advice?: string;
}

/** What a look is made of: the settings, and the machine they are looked at on. */
export interface Patient {
  readonly values: SettingValues;
  readonly surroundings: Surroundings;
}

/** What differs from machine to machine. */
export interface Surroundings {
  readonly nodeVersion: string;
  /** As `engines.node` of package.json has it: `>=20.19.0`. */
  readonly nodeWanted: string;
  now(): number;
  /** Bytes and share of the disk under this path that are free. */
  freeSpace(path: string): Promise<{ bytes: number; share: number }>;
}

export interface Check {
  /** Settings it looks at: with one of them wrong it would look at the wrong thing. */
  readonly needs: readonly string[];
  run(patient: Patient): Promise<Finding[]>;
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

/** What an error says, without where it happened. */
export function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || String(error);
}
