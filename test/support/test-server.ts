import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { isAlive } from '../../src/platform/database/processes.js';

const PREFIX = 'parley-test-';
export const TEMPLATE_DATABASE = 'parley_template';
/** Where test files find the server of this run. */
export const TEST_SERVER_URL = 'PARLEY_TEST_SERVER_URL';

/** Files of the run, in bytes, with room to spare. */
const SPACE = 4 * 2 ** 30;
/** In memory where there is room: a fifth less of the time that the kernel spends, and no wait for a disk. */
const BASE = hasSpace('/dev/shm') ? '/dev/shm' : tmpdir();

/** One server for the whole run, with one migrated database that every test file clones. */
export interface TestServer {
  stop(): Promise<void>;
}

export async function startTestServer(): Promise<TestServer> {
  await sweepAbandoned();
  const directory = mkdtempSync(join(BASE, `${PREFIX}${process.pid}-`));
  const server = await EmbeddedPostgres.start({
    directory,
    // fsync stays on, as the application requires; settings that only matter after a power failure are off.
    settings: ['full_page_writes=off', 'wal_level=minimal', 'max_wal_senders=0', 'checkpoint_timeout=1h'],
  });
  const template = new URL(server.url);
  template.pathname = `/${TEMPLATE_DATABASE}`;
  await createDatabase(server.url, TEMPLATE_DATABASE);
  await migrate(template.href);
  process.env[TEST_SERVER_URL] = server.url;
  return {
    stop: async () => {
      await server.stop();
      rmSync(server.dataDirectory, { recursive: true, force: true });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function hasSpace(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= SPACE;
  } catch {
    return false;
  }
}

async function createDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
}

/** A killed run leaves a server without an owner: stops it before it disturbs another one. */
async function sweepAbandoned(): Promise<void> {
  for (const name of readdirSync(BASE).filter((entry) => entry.startsWith(PREFIX))) {
    if (isAlive(Number(name.slice(PREFIX.length).split('-')[0]))) continue;
    const directory = join(BASE, name);
    await EmbeddedPostgres.stopAbandoned(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}
