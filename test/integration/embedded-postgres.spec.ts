import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';

/** Starts the server from a process of its own, says where it is, and waits to be killed. */
const STARTER = `
  import { EmbeddedPostgres } from './src/platform/database/embedded-postgres.ts';
  const server = await EmbeddedPostgres.start({ directory: process.argv[1] });
  console.log(server.url);
  setInterval(() => undefined, 1000);`;

async function query(url: string, text: string): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

async function startElsewhere(directory: string): Promise<{ url: string; kill(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    ['--import', './test/support/register-typescript.mjs', '--input-type=module', '-e', STARTER, directory],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: String(line).trim(),
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

// Every test makes a cluster of its own, which takes seconds on a busy machine.
jest.setTimeout(90_000);

describe('the embedded PostgreSQL', () => {
  let directory: string;
  const running: EmbeddedPostgres[] = [];
  const start = async (): Promise<EmbeddedPostgres> => {
    const server = await EmbeddedPostgres.start({ directory });
    running.push(server);
    return server;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'parley-embedded-'));
  });
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
    await EmbeddedPostgres.stopAbandoned(directory);
    rmSync(directory, { recursive: true, force: true });
  });

  it('is looked for without making anything', () => {
    const nowhere = join(directory, 'nowhere');
    expect(EmbeddedPostgres.exists(nowhere)).toBe(false);
    expect(existsSync(nowhere)).toBe(false);
  });

  it('keeps its data and its address over a restart', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('has a password of its own that only its owner can read', async () => {
    const { url } = await start();
    expect(statSync(join(directory, 'postgres-password')).mode & 0o777).toBe(0o600);
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  it('moves to a free port when its own was taken meanwhile', async () => {
    const first = await start();
    await first.stop();
    const intruder = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(intruder, 'listening');
    const second = await start();
    expect(new URL(second.url).port).not.toBe(new URL(first.url).port);
    intruder.close();
  });

  it('is adopted, and later stopped, by the next process when the first was killed', async () => {
    const killed = await startElsewhere(directory);
    await query(killed.url, 'create table kept as select 42 as answer');
    await killed.kill();
    const adopted = await start();
    expect(adopted.url).toBe(killed.url);
    expect(await query(adopted.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await adopted.stop();
    await expect(query(adopted.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('is left running by a second process while the first still lives', async () => {
    const owner = await startElsewhere(directory);
    const guest = await start();
    expect(guest.url).toBe(owner.url);
    await guest.stop();
    expect(await query(owner.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await owner.kill();
  });

  it('comes back after the server itself was killed', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    first.kill();
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });
});
