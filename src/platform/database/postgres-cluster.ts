import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { makeDirectory } from '../config/directories.js';
import { StartProblem } from '../process/explain-start.js';
import { postgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { commandOf, isAlive } from './processes.js';

const USER = 'parley';
const DATABASE = 'parley';
const POLL_MS = 25;

/** The options of a start: the port, settings besides our own, and the lock that the server holds. */
export interface Launch {
  readonly port: number;
  readonly settings: readonly string[];
  /** The open file of a `DataDirectoryLock`. */
  readonly lock: number | undefined;
}

/** The database cluster of one embedded server: its files, and the programs that run on them. */
export class PostgresCluster {
  readonly pidFile: string;
  readonly lockFile: string;
  private readonly password: string;

  private constructor(
    private readonly binaries: PostgresBinaries,
    private readonly directory: string,
    /** Contains the data and the files beside it: `directory`, unless the server's account cannot access that. */
    readonly home: string,
    readonly data: string,
  ) {
    this.pidFile = join(data, 'postmaster.pid');
    this.lockFile = join(home, 'postgres-lock');
    this.password = this.storedPassword();
  }

  /** Creates the directory and the password if they are missing, but no data. */
  static open(directory: string): PostgresCluster {
    makeDirectory(directory);
    const binaries = postgresBinaries();
    const home = binaries.prepareDirectory(directory);
    return new PostgresCluster(binaries, directory, home, join(home, 'postgres'));
  }

  url(port: number, database = DATABASE): string {
    return `postgres://${USER}:${this.password}@127.0.0.1:${port}/${database}`;
  }

  /**
   * Returns the pid of a living server of this cluster. Where the system does not report the command of a process, any
   * process with that pid counts.
   */
  runningPid(): number | undefined {
    const pid = Number(this.pidFileLine(0) ?? 0);
    return isAlive(pid) && commandOf(pid)?.includes(this.data) !== false ? pid : undefined;
  }

  /**
   * Removes the pid file of a dead server if its pid now belongs to another process: PostgreSQL would not start. Any
   * other pid file stays, since PostgreSQL needs it to detect child processes that still write after a crash. Only to
   * be called when it is certain that no server is running.
   */
  removeStalePidFile(): void {
    if (isAlive(Number(this.pidFileLine(0) ?? 0))) rmSync(this.pidFile, { force: true });
  }

  /** Returns the port of the last run if it is free, otherwise a free port, which is stored for the next run. */
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
    // A new file: processes of a crashed server may still write to the old one and would overwrite this server's lines.
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
      ...this.binaries.osUser,
      env: serverEnvironment(),
      detached: true,
      stdio: ['ignore', log, log, lock ?? 'ignore'],
    });
    closeSync(log);
    child.on('error', () => undefined); // detected as a dead pid, with the reason in the log
    return child;
  }

  /** Waits until the server accepts connections and our database exists. Returns its port. */
  async waitForPort(deadline: number, isLiving: () => boolean): Promise<number> {
    for (;;) {
      try {
        const port = Number(this.pidFileLine(3));
        if (!port) throw new Error('no port yet');
        await this.ensureDatabase(port);
        return port;
      } catch (error) {
        if (!isLiving() || Date.now() > deadline) {
          throw this.startError(error);
        }
        await sleep(POLL_MS);
      }
    }
  }

  /** Builds the error with the last line of the server's log, preferably an error. */
  private startError(cause: unknown): StartProblem {
    const lines = this.endOfLog().trim().split('\n');
    const why = lines.filter((line) => /(FATAL|PANIC|ERROR):/.test(line)).at(-1) ?? lines.at(-1) ?? '';
    const where = join(this.directory, 'postgres.log');
    const reason = why.replace(/^.*?(FATAL|PANIC|ERROR): +/, '') || 'its log has no reason';
    return new StartProblem(`The embedded PostgreSQL did not start: ${reason} (more in ${where}).`, { cause });
  }

  requestStop(pid: number): void {
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
   * Creates the data if there is none: in a directory beside it that is renamed when complete, so that a start that is
   * killed half-way leaves nothing that looks complete. Text is compared by code points and its case is that of
   * Unicode, the same on every platform: the locale provider is PostgreSQL's own.
   */
  async initialise(): Promise<void> {
    if (existsSync(join(this.data, 'PG_VERSION'))) return;
    const unfinished = `${this.data}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    this.binaries.chown(unfinished);
    const passwordFile = `${this.data}.password`;
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    this.binaries.chown(passwordFile);
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
      ...this.binaries.osUser,
      env: serverEnvironment(),
      detached: true, // Ctrl-C reaches only this process, which ends the start in order
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output += String(chunk)));
    const [status] = (await once(child, 'close').catch((error: Error) => [error.message])) as [unknown];
    if (status === 0) return;
    const why = output.split('\n').find((line) => line.includes('error:')) ?? (output.trim() || String(status));
    throw new StartProblem(`The embedded database could not be created in ${this.directory}: ${why}`);
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

  private storedPassword(): string {
    const file = join(dirname(this.data), 'postgres-password'); // beside the data, in whichever directory that is
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

/** Returns the port if nothing listens on it; for 0 a free port. */
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

/** The environment of the server: its messages are in English, and it receives no secret of this process. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, TZ, SystemRoot } = process.env;
  return { PATH, HOME, TMPDIR, TZ, SystemRoot, LC_ALL: 'C' };
}
