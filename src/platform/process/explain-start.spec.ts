import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '../config/directories.js';
import { connectWhenReady } from '../database/connect-when-ready.js';
import { explainStart, type StartSettings, StartProblem } from './explain-start.js';

/** Returns the sentence for the operator about the error of `work`. */
async function explained(work: () => unknown, surroundings: StartSettings): Promise<string | undefined> {
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

describe('the explanation of a failed start', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'parley-explain-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('names a port that another program uses, of the server or of the metrics', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const listenOnUsedPort = (): Promise<void> => listen(port, '127.0.0.1');
    const ofServer = await explained(listenOnUsedPort, { port, host: '127.0.0.1' });
    expect(ofServer).toMatch(/^PORT \d+ is in use by another program\. .*set PORT to another port\.$/);
    expect(await explained(listenOnUsedPort, { port: 1, metricsPort: port })).toMatch(
      /^METRICS_PORT .*set METRICS_PORT/,
    );
    other.close();
  });

  it.each(['192.0.2.1', 'nowhere.invalid'])('names a HOST that is not an address of this machine: %s', async (host) => {
    const explanation = await explained(() => listen(0, host), { host, port: 0 });
    expect(explanation).toMatch(new RegExp(`^HOST ${host} is not an address of this machine .*leave it unset\\.$`));
  });

  it('names a DATA_DIR that is a file, is below a file, or cannot be created', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    for (const dataDir of [file, join(file, 'data'), '/proc/x/data']) {
      const explanation = await explained(() => makeDirectory(dataDir), { dataDir });
      expect(explanation).toMatch(
        new RegExp(`^DATA_DIR ${dataDir} cannot be used: .*set DATA_DIR to another directory\\.$`),
      );
    }
    expect(await explained(() => makeDirectory(file), { dataDir: '/elsewhere', filesDir: file })).toMatch(
      /^FILES_DIR /,
    );
    expect(await explained(() => makeDirectory(file), { dataDir: '/elsewhere' })).toBeUndefined();
  });

  it('names a PostgreSQL that does not respond', async () => {
    const explanation = await explained(
      () => connectWhenReady({ connectionString: 'postgres://127.0.0.1:9/db' }, 0),
      {},
    );
    expect(explanation).toMatch(
      /^PostgreSQL at 127\.0\.0\.1:9 does not respond \(nothing listens there, ECONNREFUSED\)\. Check /,
    );
  });

  it.each([
    ['28P01', 'password authentication failed', 'Correct the user or the password in DATABASE_URL.'],
    ['28000', 'no pg_hba.conf entry', 'Allow the user "ann" to log in'],
    ['3D000', 'database "chat" does not exist', 'Create it (createdb --encoding=UTF8 chat)'],
    ['42501', 'permission denied for database', 'Make the user "ann" the owner of the database "chat".'],
    ['25006', 'cannot execute CREATE SCHEMA in a read-only transaction', 'not a standby.'],
    ['53300', 'too many clients already', 'Raise max_connections there'],
  ])('quotes PostgreSQL and gives advice for %s', (code, message, advice) => {
    const error = Object.assign(new Error(message), { code });
    const explanation = explainStart(error, { databaseUrl: 'postgres://ann:secret@db.example/chat' });
    expect(explanation).toContain(`PostgreSQL at db.example reports: ${message}. `);
    expect(explanation).toContain(advice);
    expect(explanation).not.toContain('secret');
  });

  it('returns the message of a StartProblem, even as the cause of another error, and no text for a defect', () => {
    const problem = new StartProblem('Do this.');
    expect(explainStart(new Error('outer', { cause: problem }), {})).toBe('Do this.');
    expect(explainStart(new TypeError('x is not a function'), { databaseUrl: 'postgres://db/chat' })).toBeUndefined();
  });
});
