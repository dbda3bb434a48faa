import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../config/make-folder.js';
import { connectWhenReady } from '../database/connect-when-ready.js';
import { explainStart, type Surroundings } from './explain-start.js';
import { StartProblem } from './start-problem.js';

/** What the operator reads of the error that `work` ends with. */
async function explained(work: () => unknown, surroundings: Surroundings): Promise<string | undefined> {
  try {
    await work();
  } catch (error) {
    return explainStart(error, surroundings);
  }
  return 'it did not fail';
}

async function listen(port: number, host: string): Promise<void> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  server.close();
}

describe('what keeps a process from starting', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'parley-explain-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is a port that another program has, of the server or of the metrics', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const tryIt = (): Promise<void> => listen(port, '127.0.0.1');
    const ofServer = await explained(tryIt, { port, host: '127.0.0.1' });
    expect(ofServer).toMatch(/^PORT \d+ is taken by another program\. .*set PORT to another port\.$/);
    expect(await explained(tryIt, { port: 1, metricsPort: port })).toMatch(/^METRICS_PORT .*set METRICS_PORT/);
    other.close();
  });

  it.each(['192.0.2.1', 'nowhere.invalid'])('is a HOST that is no address of this machine: %s', async (host) => {
    const said = await explained(() => listen(0, host), { host, port: 0 });
    expect(said).toMatch(new RegExp(`^HOST ${host} is no address of this machine .*leave it out\\.$`));
  });

  it('is a DATA_DIR that is a file, lies under one, or where no folder can be made', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    for (const dataDir of [file, join(file, 'data'), '/proc/x/data']) {
      const said = await explained(() => makeFolder(dataDir), { dataDir });
      expect(said).toMatch(new RegExp(`^DATA_DIR ${dataDir} cannot be used: .*set DATA_DIR to another one\\.$`));
    }
    expect(await explained(() => makeFolder(file), { dataDir: '/elsewhere', filesDir: file })).toMatch(/^FILES_DIR /);
    expect(await explained(() => makeFolder(file), { dataDir: '/elsewhere' })).toBeUndefined();
  });

  it('is a PostgreSQL that nothing says anything of', async () => {
    const said = await explained(() => connectWhenReady({ connectionString: 'postgres://127.0.0.1:9/db' }, 0), {});
    expect(said).toMatch(
      /^PostgreSQL at 127\.0\.0\.1:9 does not answer \(nothing listens there, ECONNREFUSED\)\. See /,
    );
  });

  it.each([
    ['28P01', 'password authentication failed', 'Correct the user or the password in DATABASE_URL.'],
    ['28000', 'no pg_hba.conf entry', 'Let the user "ann" in'],
    ['3D000', 'database "chat" does not exist', 'Make it (createdb --encoding=UTF8 chat)'],
    ['42501', 'permission denied for database', 'Make the user "ann" the owner of the database "chat".'],
    ['25006', 'cannot execute CREATE SCHEMA in a read-only transaction', 'not a standby.'],
    ['53300', 'too many clients already', 'Raise max_connections there'],
  ])('is what PostgreSQL refuses with %s', (code, message, advice) => {
    const error = Object.assign(new Error(message), { code });
    const said = explainStart(error, { databaseUrl: 'postgres://ann:secret@db.example/chat' });
    expect(said).toContain(`PostgreSQL at db.example says: ${message}. `);
    expect(said).toContain(advice);
    expect(said).not.toContain('secret');
  });

  it('is said by the part that knows it, also as the cause of another error; a defect of ours is not explained', () => {
    const problem = new StartProblem('Do this.');
    expect(explainStart(new Error('outer', { cause: problem }), {})).toBe('Do this.');
    expect(explainStart(new TypeError('x is not a function'), { databaseUrl: 'postgres://db/chat' })).toBeUndefined();
  });
});
