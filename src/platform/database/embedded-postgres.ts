import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { placesOf, postgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { commandOf, isAlive } from './processes.js';

const USER = 'parley';
const DATABASE = 'parley';
const POLL_MS = 25;
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;
const STILL_ENDING = /pre-existing shared memory block|lock file .* already exists/;

export interface EmbeddedPostgresOptions {
  /** Holds the cluster (`postgres/`), its password, its port and its log. */
  readonly directory: string;
  /** `name=value` server settings besides our own. */
  readonly settings?: readonly string[];
}

/**
 * A PostgreSQL of our own in a directory. The server is detached from the terminal, so that Ctrl-C reaches only us and
 * we can stop it last; a server that outlived a killed process is adopted by the next one.
 */
export class EmbeddedPostgres {
  private constructor(
    readonly url: string,
    private readonly pid: number,
    private readonly cluster: Cluster,
    private readonly child: ChildProcess | undefined,
  ) {}

  /** @throws Error with the end of the server's log when it does not come up within 30 s. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const cluster = Cluster.open(options.directory);
    const deadline = Date.now() + START_DEADLINE_MS;
    for (;;) {
      const running = cluster.runningPid();
      const child = running ? undefined : cluster.launch(await cluster.freePort(), options.settings ?? []);
      const pid = running ?? child?.pid ?? 0;
      try {
        const port = await cluster.answeringPort(deadline, () => isAlive(pid) && child?.exitCode == null);
        cluster.claim();
        child?.unref();
        return new EmbeddedPostgres(cluster.url(port, DATABASE), pid, cluster, child);
      } catch (error) {
        // After a crash the old server's children take a moment to notice; PostgreSQL refuses to start beside them.
        if (!STILL_ENDING.test(cluster.endOfLog()) || Date.now() > deadline) throw error;
        await sleep(POLL_MS * 8);
      }
    }
  }

  /** Whether there is a cluster of ours for `directory`, running or not. Looks, and makes nothing. */
  static exists(directory: string): boolean {
    return placesOf(directory).some((place) => existsSync(join(place, 'postgres', 'PG_VERSION')));
  }

  /** Ends the server a killed process left running in `directory`, if there is one. */
  static async stopAbandoned(directory: string): Promise<void> {
    const pid = EmbeddedPostgres.exists(directory) && Cluster.open(directory).runningPid();
    if (!pid) return;
    process.kill(pid, 'SIGQUIT');
    while (isAlive(pid)) await sleep(POLL_MS);
  }

  /** Stops the server unless another living process of ours owns it. Safe to call twice. */
  async stop(): Promise<void> {
    if (!this.cluster.isOurs() || !this.isRunning()) return;
    this.cluster.interrupt(this.pid);
    const deadline = Date.now() + STOP_DEADLINE_MS;
    while (this.isRunning() && Date.now() < deadline) await sleep(POLL_MS);
    this.cluster.disown();
  }

  /** Ends the server at once, as a crash would: for tests of what survives it. */
  kill(): void {
    if (this.isRunning()) process.kill(this.pid, 'SIGKILL');
  }

  /** Where the server's files are: beside `directory` unless the account it runs under cannot reach that. */
  get dataDirectory(): string {
    return this.cluster.data;
  }

  isRunning(): boolean {
    if (this.child) return this.child.exitCode === null && this.child.signalCode === null;
    // Not ours to wait for: it removes its pid file as its last act, and a zombie still has a pid.
    return isAlive(this.pid) && existsSync(this.cluster.pidFile);
  }
}

/** The files of one server. */
class Cluster {
  readonly pidFile: string;
  private readonly password: string;

  private constructor(
    private readonly binaries: PostgresBinaries,
    private readonly directory: string,
    readonly data: string,
  ) {
    this.pidFile = join(data, 'postmaster.pid');
    this.password = this.keptPassword();
    if (!existsSync(join(data, 'PG_VERSION'))) this.initialise();
  }

  static open(directory: string): Cluster {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const binaries = postgresBinaries();
    const home = binaries.reachable(directory);
    return new Cluster(binaries, directory, join(home, 'postgres'));
  }

  url(port: number, database: string): string {
    return `postgres://${USER}:${this.password}@127.0.0.1:${port}/${database}`;
  }

  /**
   * The pid of a living server of this very directory. A dead server's pid file stays: PostgreSQL needs it to see
   * children of a crash that still write. Only when its number belongs to a stranger by now does it have to go.
   */
  runningPid(): number | undefined {
    const pid = Number(this.pidFileLine(0) ?? 0);
    if (!isAlive(pid)) return undefined;
    if (commandOf(pid)?.includes(this.data) !== false) return pid;
    rmSync(this.pidFile, { force: true });
    return undefined;
  }

  /** The port of the last run if nobody took it since, else a free one, remembered for the next run. */
  async freePort(): Promise<number> {
    const file = join(this.directory, 'postgres-port');
    const remembered = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    const port = (await freePort(remembered)) ?? (await freePort(0));
    if (!port) throw new Error('There is no free port for PostgreSQL on 127.0.0.1.');
    writeFileSync(file, `${port}\n`, { mode: 0o600 });
    return port;
  }

  launch(port: number, settings: readonly string[]): ChildProcess {
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
      stdio: ['ignore', log, log],
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
          throw new Error(`The embedded PostgreSQL did not start.\n${this.endOfLog()}`, { cause: error });
        }
        await sleep(POLL_MS);
      }
    }
  }

  interrupt(pid: number): void {
    if (process.platform !== 'win32') {
      process.kill(pid, 'SIGINT'); // "fast": ends sessions, writes a checkpoint
      return;
    }
    const { file, args } = this.binaries.command('pg_ctl', ['stop', '-D', this.data, '-m', 'fast']);
    spawnSync(file, args);
  }

  /** The first living process that starts or adopts the server owns it; others use it and leave it running. */
  claim(): void {
    if (!this.isOurs()) return;
    writeFileSync(this.ownerFile(), `${process.pid}\n`, { mode: 0o600 });
  }

  isOurs(): boolean {
    if (!existsSync(this.ownerFile())) return true;
    const owner = Number(readFileSync(this.ownerFile(), 'utf8'));
    return owner === process.pid || !isAlive(owner);
  }

  disown(): void {
    rmSync(this.ownerFile(), { force: true });
  }

  endOfLog(): string {
    const file = join(this.directory, 'postgres.log');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-4000) : '';
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

  /**
   * Made beside its place and renamed when complete: a start that is killed half-way leaves nothing that looks
   * finished.
   */
  private initialise(): void {
    const unfinished = `${this.data}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    this.binaries.give(unfinished);
    const passwordFile = `${this.data}.password`;
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    this.binaries.give(passwordFile);
    const { file, args } = this.binaries.command('initdb', [
      ...['-D', unfinished, '-U', USER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C', '--no-instructions'],
    ]);
    const made = spawnSync(file, args, { ...this.binaries.account, env: serverEnvironment(), encoding: 'utf8' });
    rmSync(passwordFile, { force: true });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
    renameSync(unfinished, this.data);
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

  private ownerFile(): string {
    return join(this.directory, 'postgres-owner');
  }
}

/** The port when nobody listens on it; a free one for 0. */
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
