import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../../src/create-app.js';
import { Config, type Environment } from '../../src/platform/config/config.js';
import { RATE_LIMITS } from '../../src/rate-limits.js';
import { attachTestDatabase, createTestDatabase, type TestDatabase } from './test-database.js';

export interface TestApp {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  readonly app: NestExpressApplication;
  readonly config: Config;
  readonly database: TestDatabase;
  close(): Promise<void>;
}

/** The environment of a test: its own database, high limits, a silent log. */
export function testConfig(databaseUrl: string, overrides: Environment = {}): Config {
  return Config.load(
    {
      NODE_ENV: 'test',
      DATA_DIR: tmpdir(),
      DATABASE_URL: databaseUrl,
      DATABASE_POOL_SIZE: '8',
      JWT_SECRET: randomBytes(48).toString('base64'),
      // The same for all applications of a run: two of them may share a database with its passwords.
      PASSWORD_PEPPER: 'q0Lw7Zr2Xk5Vb8Nt3Hj6Pd9Sf1Gm4Yc0',
      BCRYPT_COST: '4',
      RATE_LIMIT_MULTIPLIER: '100000',
      ADMIN_EMAIL: 'admin@example.com',
      ADMIN_PASSWORD: 'correct horse battery staple',
      // The machine of the tests may be busy; the test of load shedding sets it.
      SHED_LOOP_LAG_MS: '0',
      SHED_POOL_WAIT_MS: '0',
      LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
      ...overrides,
    },
    RATE_LIMITS,
  );
}

/**
 * The whole application on a free port, over a database cloned for it. Give `DATABASE_URL` (and `JWT_SECRET`) of
 * another one to start a second process beside it.
 */
export async function startTestApp(overrides: Environment = {}): Promise<TestApp> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-data-'));
  const { DATABASE_URL: shared } = overrides;
  const database = shared ? attachTestDatabase(shared) : await createTestDatabase();
  const config = testConfig(database.url, { DATA_DIR: dataDir, ...overrides });
  const app = await createApp(config);
  await app.listen(0, '127.0.0.1');
  return {
    url: await app.getUrl(),
    app,
    config,
    database,
    close: async () => {
      await app.close();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
