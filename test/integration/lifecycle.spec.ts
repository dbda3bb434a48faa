import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { isAlive } from '../../src/platform/database/processes.js';
import { request } from '../support/client/http.js';
import { StoppedDatabase } from '../support/stopped-database.js';
import { startProcess, type TestProcess } from '../support/test-process.js';

// Each test starts one or two processes, which takes seconds on a busy machine.
jest.setTimeout(90_000);

describe('a server process', () => {
  let stopped: StoppedDatabase;
  let directory: string;
  const processes: TestProcess[] = [];
  const start = (entry: string, environment: Record<string, string> = {}): TestProcess => {
    const started = startProcess(entry, { DATA_DIR: directory, PORT: '0', HOST: '127.0.0.1', ...environment });
    processes.push(started);
    return started;
  };
  const urlOf = async (server: TestProcess): Promise<string> =>
    `http://127.0.0.1:${(await server.printed(/REST +http:\/\/localhost:(\d+)/))[1]}`;
  const postmaster = (): number =>
    Number(readFileSync(join(directory, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);

  beforeAll(async () => {
    stopped = await StoppedDatabase.create({ isMigrated: true });
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'parley-life-'));
    stopped.copyTo(directory);
  });
  afterEach(async () => {
    for (const { child } of processes.splice(0)) child.kill('SIGKILL');
    await EmbeddedPostgres.stopAbandoned(directory);
    rmSync(directory, { recursive: true, force: true });
  });
  afterAll(() => stopped.remove());

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends with %s in order: exit 0, the database stopped last',
    async (signal) => {
      const server = start('dist/src/main.js');
      const url = await urlOf(server);
      expect((await request('GET', `${url}/readyz`)).status).toBe(200);
      const database = postmaster();
      expect(await server.end(signal)).toBe(0);
      expect(isAlive(database)).toBe(false);
      expect(existsSync(join(directory, 'postgres/postmaster.pid'))).toBe(false);
      expect(server.output()).not.toMatch(/57P01|terminat|"level":"(warn|error|fatal)"/);
    },
  );

  it('is not ready but still serves for SHUTDOWN_DELAY, until load balancers notice', async () => {
    const server = start('dist/src/main.js', { SHUTDOWN_DELAY: '3' });
    const url = await urlOf(server);
    server.child.kill('SIGTERM');
    while ((await request('GET', `${url}/readyz`)).status === 200) continue;
    expect((await request('GET', `${url}/readyz`)).body).toEqual({ status: 'draining' });
    expect((await request('GET', `${url}/api/v1/users/me`)).status).toBe(401);
    expect(await server.ended()).toBe(0);
  });

  it('stops its database when it is ended during the start of that', async () => {
    const server = start('dist/src/main.js');
    const pidFile = join(directory, 'postgres/postmaster.pid');
    while (!existsSync(pidFile) || !(postmaster() > 0)) await pause(10);
    const database = postmaster();
    expect(await server.end('SIGTERM')).toBe(0);
    expect(isAlive(database)).toBe(false);
    expect(existsSync(pidFile)).toBe(false);
    expect(server.output()).not.toMatch(/"level":"(error|fatal)"/);
  });

  it('ends with the npm that started it, although the shell passes no signal on', async () => {
    const command = `"${process.execPath}" dist/src/main.js; true`;
    const { PATH = '', HOME = '' } = process.env;
    const shell = spawn('sh', ['-c', command], {
      env: { PATH, HOME, DATA_DIR: directory, PORT: '0', HOST: '127.0.0.1', npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const isUp = new Promise<void>((resolve) => {
      shell.stdout.on('data', (chunk: Buffer) => {
        output += String(chunk);
        if (/REST +http/.test(output)) resolve();
      });
    });
    await isUp;
    const ended = once(shell.stdout, 'close');
    shell.kill('SIGTERM');
    await ended;
    expect(output).toContain('npm ended');
    expect(existsSync(join(directory, 'postgres/postmaster.pid'))).toBe(false);
  });

  it('is not ready without its database, stays alive, and starts its own database again', async () => {
    const server = start('dist/src/main.js', { LOG_LEVEL: 'error' });
    const url = await urlOf(server);
    const killed = postmaster();
    process.kill(killed, 'SIGKILL');
    const states = new Set<number>();
    while (!(states.has(503) && states.has(200) && postmaster() !== killed)) {
      states.add((await request('GET', `${url}/readyz`)).status);
      expect((await request('GET', `${url}/livez`)).status).toBe(200);
    }
    expect(await server.end('SIGTERM')).toBe(0);
  });

  it('reports every problem of its configuration, and does not start', async () => {
    const server = start('dist/src/main.js', { PORT: 'x', LOG_LEVEL: 'loud', ADMIN_PASSWORD: 'short' });
    await server.printed(/3 problem\(s\):\n {2}- PORT must .+\n {2}- LOG_LEVEL must .+\n {2}- ADMIN_PASSWORD must /);
    expect(await server.ended()).toBe(1);
  });

  it('leaves no database behind if the start fails, and prints the first password if it succeeds', async () => {
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const failing = start('dist/src/main.js', { PORT: port });
    expect(await failing.ended()).toBe(1);
    other.close();
    expect(existsSync(join(directory, 'postgres/postmaster.pid'))).toBe(false);
    const output = failing
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; msg: string });
    expect(output.map(({ level }) => level)).toEqual(['fatal', 'info']);
    expect(output[0]!.msg).toMatch(new RegExp(`^PORT ${port} is in use by another program. Stop it .*, or set PORT`));
    const next = start('dist/src/main.js');
    await next.printed(/Admin +admin@parley\.local {2}password: \S{24}/);
    expect(await next.end('SIGTERM')).toBe(0);
  });

  it('ends although its event loop is blocked, at its deadline or after a standstill', async () => {
    const ended = async (call: string): Promise<[signal: unknown, said: string]> => {
      const script = `
        import { Watchdog } from './dist/src/platform/process/watchdog.js';
        ${call}
        const again = () => Promise.resolve().then(again);
        again();`;
      const args = ['--input-type=module', '-e', script];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
      const [, signal] = (await once(child, 'close')) as unknown[];
      return [signal, output];
    };
    const [inTime, blocked] = await Promise.all([
      ended('new Watchdog().killAfter(1);'),
      ended('new Watchdog({ blockedSeconds: 2 });'),
    ]);
    expect(inTime).toEqual(['SIGKILL', expect.stringContaining('did not end within 1 s')]);
    expect(blocked).toEqual(['SIGKILL', expect.stringContaining('blocked for 2 s')]);
  });

  it('runs as a worker without HTTP', async () => {
    const worker = start('dist/src/worker.js');
    await worker.printed(/Parley worker/);
    expect(await worker.end('SIGTERM')).toBe(0);
  });
});
