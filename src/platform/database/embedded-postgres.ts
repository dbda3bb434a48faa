import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataDirectoryLock } from './data-directory-lock.js';
import { ClusterOwner, HEARTBEAT_TIMEOUT_MS } from './cluster-owner.js';
import { candidateDirectoriesOf } from './postgres-binaries.js';
import { PostgresCluster } from './postgres-cluster.js';
import { isAlive, isOfThisBoot, isOfThisPidNamespace, isRunningHere, type ProcessIdentity } from './processes.js';
import { StartProblem } from '../process/explain-start.js';

/** A second server on the same files would destroy them, so none is started while another may be running. */
export class DataDirInUse extends StartProblem {
  override readonly name = 'DataDirInUse';

  constructor(directory: string, user: ProcessIdentity | undefined) {
    const which = user ? ` (process ${user.pid} on ${user.host})` : '';
    super(
      `Another machine or container uses this DATA_DIR, ${directory}${which}. Stop it first, run commands inside it, ` +
        'give this process its own DATA_DIR, or let both use one PostgreSQL with DATABASE_URL.',
    );
  }
}

const POLL_MS = 25;
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;
/** How long to wait for a lock held by invisible processes: those of a killed container take a moment to end. */
const FOREIGN_LOCK_TIMEOUT_MS = 3000;
const STILL_ENDING = /pre-existing shared memory block|lock file .* already exists/;

export interface EmbeddedPostgresOptions {
  /** Contains the database cluster (`postgres/`), its password, its port and its log. */
  readonly directory: string;
  /** `name=value` server settings besides our own. */
  readonly settings?: readonly string[];
  /** Called once the process of the server runs, which does not accept connections yet. */
  readonly onLaunch?: () => void;
}

/** The pid of a running server, or the permission to start one. */
type Access = { readonly running: number } | { readonly lock: DataDirectoryLock | undefined };

/**
 * The embedded PostgreSQL in a directory. The server is detached from the terminal, so that Ctrl-C reaches only this
 * process, which stops it last. A server that survived a killed process is adopted by the next process. A server is
 * started only when it is certain that none is running: a kernel lock proves that for every container of this machine,
 * a heartbeat for other machines that see the same disk (docs/decisions/0006-one-server-per-data-directory.md).
 */
export class EmbeddedPostgres {
  private constructor(
    readonly url: string,
    private readonly pid: number,
    private readonly cluster: PostgresCluster,
    private readonly owner: ClusterOwner,
    private readonly child: ChildProcess | undefined,
  ) {}

  /**
   * @throws DataDirInUse when another container or machine uses the directory
   * @throws Error with the end of the server's log when the server does not start within 30 s
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const cluster = PostgresCluster.open(options.directory);
    const owner = new ClusterOwner(cluster.home);
    const deadline = Date.now() + START_DEADLINE_MS;
    for (;;) {
      const access = await accessTo(cluster, owner, options.directory);
      try {
        return await EmbeddedPostgres.startWith(access, cluster, owner, options);
      } catch (error) {
        // After a crash the old server's child processes take a moment to end; PostgreSQL does not start while they
        // run.
        const mayPass = 'running' in access || STILL_ENDING.test(cluster.endOfLog());
        if (!mayPass || Date.now() > deadline) throw error;
      }
      await sleep(POLL_MS * 8);
    }
  }

  private static async startWith(
    access: Access,
    cluster: PostgresCluster,
    owner: ClusterOwner,
    { settings = [], onLaunch }: EmbeddedPostgresOptions,
  ): Promise<EmbeddedPostgres> {
    if ('running' in access) {
      const { running: pid } = access;
      onLaunch?.();
      const port = await cluster.waitForPort(Date.now() + START_DEADLINE_MS, () => isAlive(pid));
      owner.claim();
      return new EmbeddedPostgres(cluster.url(port), pid, cluster, owner, undefined);
    }
    let child: ChildProcess | undefined;
    try {
      owner.claim();
      owner.startHeartbeat();
      await cluster.initialise();
      cluster.removeStalePidFile();
      const started = cluster.launch({ port: await cluster.freePort(), settings, lock: access.lock?.descriptor });
      child = started;
      const pid = started.pid ?? 0;
      owner.startServerHeartbeat(pid);
      onLaunch?.();
      const port = await cluster.waitForPort(Date.now() + START_DEADLINE_MS, () => isLiving(started));
      started.unref();
      return new EmbeddedPostgres(cluster.url(port), pid, cluster, owner, started);
    } catch (error) {
      if (!child || !isLiving(child)) await owner.release();
      throw error;
    } finally {
      access.lock?.release(); // the server now holds the lock
    }
  }

  /** Whether there is an embedded database cluster for `directory`, running or not. Creates no file. */
  static exists(directory: string): boolean {
    return candidateDirectoriesOf(directory).some((candidate) => existsSync(join(candidate, 'postgres', 'PG_VERSION')));
  }

  /** Stops a server that a killed process left running in `directory`. */
  static async stopAbandoned(directory: string): Promise<void> {
    const pid = EmbeddedPostgres.exists(directory) && PostgresCluster.open(directory).runningPid();
    if (!pid) return;
    process.kill(pid, 'SIGQUIT');
    while (isAlive(pid)) await sleep(POLL_MS);
  }

  /** Stops the server unless another living Parley process owns it. May be called twice. */
  async stop(): Promise<void> {
    if (!this.owner.isOurs() || !this.isRunning()) return;
    this.cluster.requestStop(this.pid);
    const deadline = Date.now() + STOP_DEADLINE_MS;
    while (this.isRunning() && Date.now() < deadline) await sleep(POLL_MS);
    if (!this.isRunning()) await this.owner.release();
  }

  /** Kills the server at once, for tests of crashes. */
  kill(): void {
    if (this.isRunning()) process.kill(this.pid, 'SIGKILL');
  }

  /** The directory of the server's data: within `directory` unless the server's account cannot access that. */
  get dataDirectory(): string {
    return this.cluster.data;
  }

  isRunning(): boolean {
    if (this.child) return isLiving(this.child);
    // It is not a child of this process. It removes its pid file last, and a zombie process still has a pid.
    return isAlive(this.pid) && existsSync(this.cluster.pidFile);
  }
}

/**
 * Returns the running server, or the permission to start one once it is certain that none is running. Waits for another
 * Parley process that is starting one.
 *
 * @throws DataDirInUse
 */
async function accessTo(cluster: PostgresCluster, owner: ClusterOwner, directory: string): Promise<Access> {
  const begun = Date.now();
  for (;;) {
    const lock = DataDirectoryLock.take(cluster.lockFile);
    const user = lock === 'held' ? DataDirectoryLock.holder(cluster.lockFile) : owner.read();
    const running = user && !isOfThisPidNamespace(user) ? undefined : cluster.runningPid();
    if (running !== undefined) {
      if (lock !== 'held') lock?.release();
      return { running };
    }
    if (lock !== 'held') {
      if (user) await requireGone(user, lock, owner, directory);
      return { lock };
    }
    const timeoutMs = user && isRunningHere(user) ? START_DEADLINE_MS : FOREIGN_LOCK_TIMEOUT_MS;
    if (Date.now() > begun + timeoutMs) throw new DataDirInUse(directory, user);
    await sleep(POLL_MS * 4);
  }
}

/**
 * Waits until the last server is certainly gone. A free lock proves that for a server of this kernel; without locks,
 * pids prove it within their namespace. In all other cases its heartbeat must have stopped.
 *
 * @throws DataDirInUse, with the lock released, when the server is alive
 */
async function requireGone(
  last: ProcessIdentity,
  lock: DataDirectoryLock | undefined,
  owner: ClusterOwner,
  directory: string,
): Promise<void> {
  if (lock ? isOfThisBoot(last) : isOfThisPidNamespace(last)) return;
  new Logger('Database').warn(
    `${directory} was last used on ${last.host} without a clean shutdown: ` +
      `waiting for ${HEARTBEAT_TIMEOUT_MS / 1000} s without a heartbeat, after which its server counts as gone`,
  );
  if (await owner.takeOver()) return;
  lock?.release();
  throw new DataDirInUse(directory, last);
}

function isLiving({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}
