import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { limitVariables, type RateLimit } from '../throttling/limits.js';
import { makeDirectory } from './directories.js';
import { problemsOfIssuers } from './external-issuers.js';
import { misspellingProblems } from './misspelt-settings.js';
import type { Setting } from './setting.js';
import { SETTINGS, type SettingValues } from './settings.js';

export type Environment = Record<string, string | undefined>;

/** Lists every problem of the environment, one on each line. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}

// The class has exactly the properties of the table; writing them out would declare each setting twice.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type
export interface Config extends SettingValues {}

/** The settings of the environment, read and validated once. No other class reads `process.env`. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class Config {
  private constructor(
    values: SettingValues,
    /** Limits that differ from the declared ones, by the names of `limitVariables`. */
    readonly limitOverrides: ReadonlyMap<string, number>,
  ) {
    Object.assign(this, values);
  }

  /** Reads the environment of the process; `.env` of the working directory supplies variables that are not set. */
  static fromProcess(limits: readonly RateLimit[]): Config {
    return Config.load(processEnvironment(), limits);
  }

  /**
   * Creates `DATA_DIR`, and secrets in it when none are given. `limits` are the rate limits of the program: the
   * environment may change their numbers.
   *
   * @throws ConfigurationError that lists every problem
   */
  static load(given: Environment, limits: readonly RateLimit[]): Config {
    const { values, limitOverrides, problems } = readConfiguration(given, limits);
    if (problems.length > 0) throw new ConfigurationError(problems);
    return new Config(
      {
        ...values,
        dataDir: resolve(values.dataDir),
        jwtSecret: values.jwtSecret || readOrCreateSecret(resolve(values.dataDir), 'jwt-secret'),
        passwordPepper: values.passwordPepper || readOrCreateSecret(resolve(values.dataDir), 'password-pepper'),
      },
      limitOverrides,
    );
  }

  /** The same configuration with these values in place of the old ones. */
  with(values: Partial<SettingValues>): Config {
    return new Config({ ...(this as SettingValues), ...values }, this.limitOverrides);
  }
}

/** The environment of the process, completed from `.env` of the working directory. */
export function processEnvironment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

/** The settings of an environment, with every problem of it. Reading creates no file; secrets not given are empty. */
export interface ConfigurationReading {
  readonly values: SettingValues;
  readonly limitOverrides: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
}

/** Reads the settings and the numbers of these limits. */
export function readConfiguration(given: Environment, limits: readonly RateLimit[]): ConfigurationReading {
  const environment = withConvertedAliases(given);
  const problems: string[] = [];
  const values = Object.fromEntries(
    Object.entries(SETTINGS).map(([key, setting]) => [key, read(setting, environment, problems)]),
  ) as unknown as SettingValues;
  const limitNames = limitVariables(limits).map(({ name }) => name);
  const limitOverrides = readLimits(environment, limitNames, problems);
  problems.push(
    ...ruleViolations(values, problems),
    ...unsupported(environment),
    ...misspellingProblems(given, limitNames),
  );
  return { values, limitOverrides, problems };
}

/** Converts variables that other chat products use with values of another format. Our own names win over them. */
function withConvertedAliases(given: Environment): Environment {
  const { REDIS_HOST: host, REDIS_PORT: port, JWT_EXPIRE_MINUTES: minutes } = given;
  const { RATE_LIMIT_REQUESTS: calls, RATE_LIMIT_WINDOW: window } = given;
  return {
    REDIS_URL: host ? `redis://${host}:${port ?? '6379'}` : undefined,
    JWT_ACCESS_TTL: minutes ? String(Number(minutes) * 60) : undefined,
    // Those products have one number for all roles.
    LIMIT_CALL: calls,
    LIMIT_CALL_MODERATOR: calls,
    LIMIT_CALL_ADMIN: calls,
    LIMIT_CALL_WINDOW: window,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value?.trim())),
  };
}

function read(setting: Setting<unknown>, environment: Environment, problems: string[]): unknown {
  for (const name of [setting.name, ...setting.aliases]) {
    const value = environment[name]?.trim();
    if (!value) continue;
    try {
      return setting.parse(value);
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`);
      return setting.fallback;
    }
  }
  return setting.fallback;
}

function readLimits(environment: Environment, names: readonly string[], problems: string[]): Map<string, number> {
  const overrides = new Map<string, number>();
  for (const name of names) {
    const value = environment[name]?.trim();
    if (!value) continue;
    if (/^[1-9]\d{0,8}$/.test(value)) overrides.set(name, Number(value));
    else problems.push(`${name} must be a whole number above 0`);
  }
  return overrides;
}

/** Violations of the rules between settings: what must be set together, in production, or with a minimum. */
function ruleViolations(values: SettingValues, known: readonly string[]): string[] {
  const problems: string[] = [];
  // A rejected value is empty here too; its problem is already in `known`.
  const isMissing = (name: string, value: string): boolean =>
    !value && !known.some((problem) => problem.startsWith(name));
  if (values.nodeEnv === 'production' && isMissing('JWT_SECRET', values.jwtSecret)) {
    problems.push('JWT_SECRET must be set when NODE_ENV is production');
  }
  if (values.nodeEnv === 'production' && isMissing('PASSWORD_PEPPER', values.passwordPepper)) {
    problems.push('PASSWORD_PEPPER must be set when NODE_ENV is production');
  }
  if (values.nodeEnv !== 'test' && values.bcryptCost < 10) problems.push('BCRYPT_COST must be at least 10');
  if (!known.some((problem) => problem.startsWith('JWT_EXTERNAL_'))) problems.push(...problemsOfIssuers(values));
  const store = [values.s3Endpoint, values.s3Bucket, values.s3AccessKeyId, values.s3SecretAccessKey];
  if (values.storage === 's3' && !store.every((value) => value)) {
    problems.push('S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set when STORAGE is s3');
  }
  return problems;
}

/** Variables of other chat products that ask for something unsupported; ignoring them would look like support. */
function unsupported({ JWT_ALGORITHM: algorithm }: Environment): string[] {
  return algorithm && algorithm !== 'HS256' ? ['JWT_ALGORITHM must be HS256, the only supported algorithm'] : [];
}

/** A secret in this data directory: the first process that needs it generates it, all others read it. */
function readOrCreateSecret(dataDir: string, name: string): string {
  makeDirectory(dataDir);
  const file = join(dataDir, name);
  try {
    writeFileSync(file, randomBytes(48).toString('base64'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
