import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { MeasuredProcess } from './measured-process.js';
import { cpuMsOfFamily, parentOf } from './process-cpu.js';

const READY = /REST\s+http:\/\/localhost:(\d+)\/api\/v1/;
const POLL_MS = 5;

/** The program itself over an embedded PostgreSQL in a directory of the bench, with high limits. */
export class ServerUnderTest {
  private constructor(
    readonly process: MeasuredProcess,
    readonly port: number,
    readonly databaseUrl: string,
    /** From the command to the first answered request. */
    readonly startMs: number,
    private readonly postmaster: number | undefined,
  ) {}

  /** Secrets belong to the directory: every start over it uses the same `jwtSecret`. */
  static async start(directory: string, jwtSecret: string): Promise<ServerUnderTest> {
    const begunAt = performance.now();
    const process = new MeasuredProcess('src/main', {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: directory,
      JWT_SECRET: jwtSecret,
      PASSWORD_PEPPER: jwtSecret,
      RATE_LIMIT_MULTIPLIER: '100000',
      WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true', // the receivers are on this machine
      LOG_LEVEL: 'warn',
    });
    try {
      const port = Number((await process.printed(READY))[1]);
      while (!(await isReady(port))) await sleep(POLL_MS);
      const startMs = Math.round(performance.now() - begunAt);
      const databaseUrl = urlOf(directory);
      return new ServerUnderTest(process, port, databaseUrl, startMs, await postmasterOf(databaseUrl));
    } catch (error) {
      await process.end();
      throw error;
    }
  }

  /** Of PostgreSQL with all its backends. */
  databaseCpuMs(): number {
    return this.postmaster ? cpuMsOfFamily(this.postmaster) : 0;
  }

  end(): Promise<void> {
    return this.process.end();
  }
}

export function newSecret(): string {
  return randomBytes(48).toString('base64');
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

/** The embedded server writes its port and password beside its data. */
function urlOf(directory: string): string {
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8').trim();
  return `postgres://parley:${read('postgres-password')}@127.0.0.1:${read('postgres-port')}/parley`;
}

async function postmasterOf(connectionString: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const postmaster = parentOf(rows[0]!.pid);
  await client.end();
  return postmaster;
}
