import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { makeFolder } from '../config/make-folder.js';
import { StartProblem } from '../process/start-problem.js';
import { postgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { commandOf, isAlive } from './processes.js';

const USER = 'parley';
const DATABASE = 'parley';
const POLL_MS = 25;

/** How the server is started: the port it listens on, settings besides our own, the lock it is to hold. */
export interface Launch {
  readonly port: number;
  readonly settings: readonly string[];
  /** The open file of a `ClusterLock`. */
  readonly lock: number | undefined;
}

/** The files of one embedded server, and its programs run over them. */
export class PostgresCluster {
  readonly pidFile: string;
  readonly lockFile: string;
  private readonly password: string;

  private constructor(
    private readonly binaries: PostgresBinaries,
    private readonly directory: string,
    /** Holds the data and what stands beside it: `directory`, unless the server's account cannot reach that. */
    readonly home: string,
    readonly data: string,
  ) {
    this.pidFile = join(data, 'postmaster.pid');
    this.lockFile = join(home, 'postgres-lock');
    this.password = this.keptPassword();
  }

  /** Makes the directory and the password where they are missing, no data. */
  static open(directory: string): PostgresCluster {
    makeFolder(directory);
    const binaries = postgresBinaries();
    const home = binaries.reachable(directory);
    return new PostgresCluster(binaries, directory, home, join(home, 'postgres'));
  }

  url(port: number, database = DATABASE): string {
    return `postgres://${USER}:${this.password}@127.0.0.1:${port}/${database}`;
  }

  /**
   * The pid of a living server of this very data, as far as pids tell it. Where the system does not say what a process
   * is, any one with its number counts.
   */
  runningPid(): number | undefined {
    const pid = Number(this.pidFileLine(0) ?? 0);
    return isAlive(pid) && commandOf(pid)?.includes(this.data) !== false ? pid : undefined;
  }

  /**
   * Takes a dead server's pid file away when its number belongs to a stranger by now: PostgreSQL would refuse to start.
   * Every other one stays, PostgreSQL needs it to see children of a crash that still write. To be called by who is
   * certain that no server runs.
   */
  removeMisleadingPidFile(): void {
    if (isAlive(Number(this.pidFileLine(0) ?? 0))) rmSync(this.pidFile, { force: true });
  }

  /** The port of the last run if it is free, else a free one, remembered for the next run. */
  async freePort(): Promise<number> {
    const file = join(this.directory, 'postgres-port');
    const remembered = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    const port = (await freePort(remembered)) ?? (await freePort(0));
    if (!port) throw new Error('There is no free port for PostgreSQL on 127.0.0.1.');
    writeFileSync(file, `${port}\n`, { mode: 0o600 });
    return port;
  }

  launch({ port, settings, lock }: Launch): ChildProcess {
    const logFile = join(this.directory, 'postgres.log');
    // A new file: what is left of a crashed server goes on writing to the old one, over what this one has to say.
    rmSync(logFile, { force: true });
    const log = openSync(logFile, 'w', 0o600);
    const flags = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'max_connections=200',
      'shared_buffers=256MB',
      'max_wal_size=2GB',
      ...settings,
    ].flatMap((setting) => ['-c', setting]);
    const { file, args } = this.binaries.command('postgres', ['-D', this.data, '-p', String(port), ...flags]);
    const child = spawn(file, args, {
      ...this.binaries.account,
      env: serverEnvironment(),
      detached: true,
      stdio: ['ignore', log, log, lock ?? 'ignore'],
    });
    closeSync(log);
    child.on('error', () => undefined); // shows as a dead pid, with the reason in the log
    return child;
  }

  /** Waits until the server takes connections and our database is there. Answers its port. */
  async answeringPort(deadline: number, isLiving: () => boolean): Promise<number> {
    for (;;) {
      try {
        const port = Number(this.pidFileLine(3));
        if (!port) throw new Error('no port yet');
        await this.ensureDatabase(port);
        return port;
      } catch (error) {
        if (!isLiving() || Date.now() > deadline) {
          throw this.notStarted(error);
        }
        await sleep(POLL_MS);
      }
    }
  }

  /** With what the server said last, of which an error is the best part. */
  private notStarted(cause: unknown): StartProblem {
    const lines = this.endOfLog().trim().split('\n');
    const why = lines.filter((line) => /(FATAL|PANIC|ERROR):/.test(line)).at(-1) ?? lines.at(-1) ?? '';
    const where = join(this.directory, 'postgres.log');
    const says = why.replace(/^.*?(FATAL|PANIC|ERROR): +/, '') || 'it does not say why';
    return new StartProblem(`The embedded PostgreSQL did not start: ${says} (more in ${where}).`, { cause });
  }

  interrupt(pid: number): void {
    if (process.platform !== 'win32') {
      process.kill(pid, 'SIGINT'); // "fast": ends sessions, writes a checkpoint
      return;
    }
    const { file, args } = this.binaries.command('pg_ctl', ['stop', '-D', this.data, '-m', 'fast']);
    spawnSync(file, args);
  }

  endOfLog(): string {
    const file = join(this.directory, 'postgres.log');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-4000) : '';
  }

  /**
   * Makes the data where there is none: beside its place, and renamed when complete, so that a start that is killed
   * half-way leaves nothing that looks finished. Text is compared by code points and its case is that of Unicode, on
   * every platform alike: the provider is PostgreSQL's own.
   */
  async initialise(): Promise<void> {
    if (existsSync(join(this.data, 'PG_VERSION'))) return;
    const unfinished = `${this.data}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    this.binaries.give(unfinished);
    const passwordFile = `${this.data}.password`;
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    this.binaries.give(passwordFile);
    try {
      await this.initdb([
        ...['-D', unfinished, '-U', USER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-instructions'],
        ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ]);
    } finally {
      rmSync(passwordFile, { force: true });
    }
    renameSync(unfinished, this.data);
  }

  private async initdb(flags: string[]): Promise<void> {
    const { file, args } = this.binaries.command('initdb', flags);
    const child = spawn(file, args, {
      ...this.binaries.account,
      env: serverEnvironment(),
      detached: true, // Ctrl-C is for us, and the start is ended in order
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += String(chunk)));
    const [status] = (await once(child, 'close').catch((error: Error) => [error.message])) as [unknown];
    if (status === 0) return;
    const why = said.split('\n').find((line) => line.includes('error:')) ?? (said.trim() || String(status));
    throw new StartProblem(`The embedded database could not be made in ${this.directory}: ${why}`);
  }

  private async ensureDatabase(port: number): Promise<void> {
    const client = new pg.Client({ connectionString: this.url(port, 'postgres'), connectionTimeoutMillis: 2000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
      if (!rowCount) await client.query(`create database ${DATABASE}`);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private keptPassword(): string {
    const file = join(dirname(this.data), 'postgres-password'); // beside the cluster, wherever that had to go
    try {
      writeFileSync(file, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return readFileSync(file, 'utf8').trim();
  }

  private pidFileLine(line: number): string | undefined {
    try {
      return readFileSync(this.pidFile, 'utf8').split('\n')[line]?.trim();
    } catch {
      return undefined;
    }
  }
}

/** The port when nothing listens on it; a free one for 0. */
function freePort(wanted: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(wanted, '127.0.0.1', () => {
      const bound = probe.address();
      probe.close(() => resolve(typeof bound === 'object' ? bound?.port : undefined));
    });
  });
}

/** What the server may see of our environment: its messages are in English and no secret of ours is in its memory. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, TZ, SystemRoot } = process.env;
  return { PATH, HOME, TMPDIR, TZ, SystemRoot, LC_ALL: 'C' };
}
