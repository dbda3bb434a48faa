import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { StoppedDatabase } from '../support/stopped-database.js';

/** Starts the server from its own process, prints its URL or the error, and waits to be killed. */
const STARTER = `
  import { EmbeddedPostgres } from './dist/src/platform/database/embedded-postgres.js';
  try {
    const server = await EmbeddedPostgres.start({ directory: process.argv[1] });
    console.log(server.url);
    setInterval(() => undefined, 1000);
  } catch (error) {
    console.log(error.message);
  }`;
const NODE = [process.execPath, '--input-type=module', '-e'];

/** The own resources of a container: its processes and its shared memory. All of it ends with its first process. */
const CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--ipc'];
/** Only root may create them; elsewhere the tests that need them are reported by name and not run. */
const hasContainers = spawnSync(CONTAINER[0]!, [...CONTAINER.slice(1), 'true']).status === 0;

async function query(url: string, text: string): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

/** Another process, in `container` if given, that starts the server; the output is its URL or the error. */
async function startElsewhere(
  directory: string,
  { container = [], path = process.env.PATH }: { container?: readonly string[]; path?: string } = {},
): Promise<{ output: string; kill(): Promise<void> }> {
  const [program = '', ...args] = [...container, ...NODE, STARTER, directory];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PATH: path } });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (/^(postgres:|[A-Z].*\.\n)/m.test(output)) break;
  }
  return {
    output: output.trim(),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

// Every test starts servers on its own cluster, which takes seconds on a busy machine.
jest.setTimeout(90_000);

describe('the embedded PostgreSQL', () => {
  let stopped: StoppedDatabase;
  let directory: string;
  const running: EmbeddedPostgres[] = [];
  const start = async (): Promise<EmbeddedPostgres> => {
    const server = await EmbeddedPostgres.start({ directory });
    running.push(server);
    return server;
  };

  const empty = (): void => {
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
  };

  beforeAll(async () => {
    stopped = await StoppedDatabase.create({ isMigrated: false });
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'parley-embedded-'));
    stopped.copyTo(directory);
  });
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
    await EmbeddedPostgres.stopAbandoned(directory);
    rmSync(directory, { recursive: true, force: true });
  });
  afterAll(() => stopped.remove());

  it('is found without creating anything', () => {
    const nowhere = join(directory, 'nowhere');
    expect(EmbeddedPostgres.exists(nowhere)).toBe(false);
    expect(existsSync(nowhere)).toBe(false);
  });

  it('keeps its data and its URL over a restart', async () => {
    empty();
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('has its own password, which only its owner can read', async () => {
    const { url } = await start();
    expect(statSync(join(directory, 'postgres-password')).mode & 0o777).toBe(0o600);
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  it('moves to a free port if its own has been taken', async () => {
    const first = await start();
    await first.stop();
    const intruder = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(intruder, 'listening');
    const second = await start();
    expect(new URL(second.url).port).not.toBe(new URL(first.url).port);
    intruder.close();
  });

  it('is adopted, and later stopped, by the next process after the first was killed', async () => {
    const killed = await startElsewhere(directory);
    await query(killed.output, 'create table kept as select 42 as answer');
    await killed.kill();
    const adopted = await start();
    expect(adopted.url).toBe(killed.output);
    expect(await query(adopted.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await adopted.stop();
    await expect(query(adopted.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('is left running by a second process while the first is alive', async () => {
    const owner = await startElsewhere(directory);
    const second = await start();
    expect(second.url).toBe(owner.output);
    await second.stop();
    expect(await query(owner.output, 'select 1 as one')).toEqual([{ one: 1 }]);
    await owner.kill();
  });

  it('starts again after the server itself was killed', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    first.kill();
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('compares text by code points, and knows the case of letters outside ASCII', async () => {
    const { url } = await start();
    expect(
      await query(url, `select lower('ÜBER Завтра ΣΑ') as lower, upper('é') as upper, 'Z' < 'a' as points`),
    ).toEqual([{ lower: 'über завтра σα', upper: 'É', points: true }]);
  });

  it('waits until the server of another machine has no heartbeat, and starts none beside a live one', async () => {
    empty();
    const elsewhere = { host: 'other', boot: randomUUID(), pid_namespace: 'pid:[1]', pid: 7, started: '1' };
    writeFileSync(join(directory, 'postgres-owner'), JSON.stringify(elsewhere));
    let beat = 0;
    const beating = setInterval(() => writeFileSync(join(directory, 'postgres-heartbeat'), `${beat++}`), 50);
    await expect(start()).rejects.toThrow(/Another machine or container .* \(process 7 on other\)/);
    expect(existsSync(join(directory, 'postgres'))).toBe(false);
    clearInterval(beating);
    const { url } = await start();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  (hasContainers ? describe : describe.skip)('beside other containers on the machine', () => {
    const containers: { kill(): Promise<void> }[] = [];
    const startInContainer = async (path?: string): ReturnType<typeof startElsewhere> => {
      const started = await startElsewhere(directory, { container: CONTAINER, ...(path && { path }) });
      containers.push(started);
      return started;
    };
    const pidFile = (): string => readFileSync(join(directory, 'postgres/postmaster.pid'), 'utf8');

    afterEach(async () => {
      for (const { kill } of containers.splice(0)) await kill();
    });

    it('does not start while another container uses it, which continues', async () => {
      const first = await startInContainer();
      await query(first.output, 'create table kept as select 42 as answer');
      const before = pidFile();
      expect((await startInContainer()).output).toMatch(
        /^Another machine or container uses this DATA_DIR, .*DATABASE_URL/,
      );
      await expect(start()).rejects.toThrow('Another machine or container');
      expect(pidFile()).toBe(before);
      expect(await query(first.output, 'select answer from kept')).toEqual([{ answer: 42 }]);
    });

    it('starts twice without the lock, as a control', async () => {
      await startInContainer();
      const before = pidFile();
      for (const file of ['postgres-lock', 'postgres-owner']) rmSync(join(directory, file));
      expect((await startInContainer()).output).toMatch(/^postgres:/);
      expect(pidFile()).not.toBe(before);
    });

    it('starts at once in the next container after one was killed', async () => {
      const killed = await startInContainer();
      await query(killed.output, 'create table kept as select 42 as answer');
      await killed.kill();
      const next = await startInContainer();
      expect(await query(next.output, 'select answer from kept')).toEqual([{ answer: 42 }]);
    });

    it('is detected by its heartbeat where there is no lock, even without its process', async () => {
      const bin = join(directory, 'bin');
      mkdirSync(bin);
      for (const name of ['unshare', 'sh', 'true', 'date', 'sleep']) {
        const { stdout } = spawnSync('which', [name], { encoding: 'utf8' });
        symlinkSync(stdout.trim(), join(bin, name));
      }
      // A first process that survives the starter, so that the container does too; a line on its input ends the
      // starter.
      const script = '"$@" </dev/null & read line; kill -9 $!; wait; echo killed; exec sleep 600';
      const args = [...CONTAINER.slice(1), 'sh', '-c', script, 'sh', ...NODE, STARTER, directory];
      const container = spawn(CONTAINER[0]!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      containers.push({ kill: async () => void (container.kill('SIGKILL') && (await once(container, 'exit'))) });
      const [url] = (await once(container.stdout, 'data')) as [Buffer];
      container.stdin.write('\n');
      await once(container.stdout, 'data');
      expect((await startInContainer(bin)).output).toMatch(/^Another machine or container/m);
      expect(await query(String(url).trim(), 'select 1 as one')).toEqual([{ one: 1 }]);
    });
  });
});
