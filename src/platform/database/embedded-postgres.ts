import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ClusterLock } from './cluster-lock.js';
import { ClusterOwner, SILENCE_MS } from './cluster-owner.js';
import { DataDirInUse } from './data-dir-in-use.js';
import { placesOf } from './postgres-binaries.js';
import { PostgresCluster } from './postgres-cluster.js';
import { isAlive, isOfThisBoot, isOfThisPidNamespace, livesHere, type ProcessIdentity } from './processes.js';

const POLL_MS = 25;
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;
/** How long a lock may be held by what we cannot see: processes of a container that was killed take a moment to go. */
const FOREIGN_LOCK_PATIENCE_MS = 3000;
const STILL_ENDING = /pre-existing shared memory block|lock file .* already exists/;

export interface EmbeddedPostgresOptions {
  /** Holds the cluster (`postgres/`), its password, its port and its log. */
  readonly directory: string;
  /** `name=value` server settings besides our own. */
  readonly settings?: readonly string[];
}

/** A server that was there already, or the right to start one. */
type Access = { readonly running: number } | { readonly lock: ClusterLock | undefined };

/**
 * A PostgreSQL of our own in a directory. The server is detached from the terminal, so that Ctrl-C reaches only us and
 * we can stop it last; a server that outlived a killed process is adopted by the next one. None is started unless it is
 * certain that none runs: a lock of the kernel's tells that for every container of this machine, a heartbeat for other
 * machines that see the same disk (docs/decisions/0006-one-server-in-a-data-directory.md).
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
   * @throws Error with the end of the server's log when it does not come up within 30 s
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const cluster = PostgresCluster.open(options.directory);
    const owner = new ClusterOwner(cluster.home);
    const deadline = Date.now() + START_DEADLINE_MS;
    for (;;) {
      const access = await accessTo(cluster, owner, options.directory);
      try {
        return await EmbeddedPostgres.startWith(access, cluster, owner, options.settings ?? []);
      } catch (error) {
        // After a crash the old server's children take a moment to notice; PostgreSQL refuses to start beside them.
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
    settings: readonly string[],
  ): Promise<EmbeddedPostgres> {
    if ('running' in access) {
      const { running: pid } = access;
      const port = await cluster.answeringPort(Date.now() + START_DEADLINE_MS, () => isAlive(pid));
      owner.claim();
      return new EmbeddedPostgres(cluster.url(port), pid, cluster, owner, undefined);
    }
    let child: ChildProcess | undefined;
    try {
      owner.claim();
      owner.beat();
      await cluster.initialise();
      cluster.removeMisleadingPidFile();
      const started = cluster.launch({ port: await cluster.freePort(), settings, lock: access.lock?.descriptor });
      child = started;
      const pid = started.pid ?? 0;
      owner.beatFor(pid);
      const port = await cluster.answeringPort(Date.now() + START_DEADLINE_MS, () => isLiving(started));
      started.unref();
      return new EmbeddedPostgres(cluster.url(port), pid, cluster, owner, started);
    } catch (error) {
      if (!child || !isLiving(child)) owner.disown();
      throw error;
    } finally {
      access.lock?.release(); // the server holds it now
    }
  }

  /** Whether there is a cluster of ours for `directory`, running or not. Looks, and makes nothing. */
  static exists(directory: string): boolean {
    return placesOf(directory).some((place) => existsSync(join(place, 'postgres', 'PG_VERSION')));
  }

  /** Ends the server a killed process left running in `directory`, if there is one. */
  static async stopAbandoned(directory: string): Promise<void> {
    const pid = EmbeddedPostgres.exists(directory) && PostgresCluster.open(directory).runningPid();
    if (!pid) return;
    process.kill(pid, 'SIGQUIT');
    while (isAlive(pid)) await sleep(POLL_MS);
  }

  /** Stops the server unless another living process of ours owns it. Safe to call twice. */
  async stop(): Promise<void> {
    if (!this.owner.isOurs() || !this.isRunning()) return;
    this.cluster.interrupt(this.pid);
    const deadline = Date.now() + STOP_DEADLINE_MS;
    while (this.isRunning() && Date.now() < deadline) await sleep(POLL_MS);
    if (!this.isRunning()) this.owner.disown();
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
    if (this.child) return isLiving(this.child);
    // Not ours to wait for: it removes its pid file as its last act, and a zombie still has a pid.
    return isAlive(this.pid) && existsSync(this.cluster.pidFile);
  }
}

/**
 * The server that runs here, or the right to start one, once it is certain that none runs. A process of ours that is
 * starting one is waited for. @throws DataDirInUse
 */
async function accessTo(cluster: PostgresCluster, owner: ClusterOwner, directory: string): Promise<Access> {
  const begun = Date.now();
  for (;;) {
    const lock = ClusterLock.take(cluster.lockFile);
    const user = lock === 'held' ? ClusterLock.holder(cluster.lockFile) : owner.read();
    const running = user && !isOfThisPidNamespace(user) ? undefined : cluster.runningPid();
    if (running !== undefined) {
      if (lock !== 'held') lock?.release();
      return { running };
    }
    if (lock !== 'held') {
      if (user) await requireGone(user, lock, owner, directory);
      return { lock };
    }
    const patience = user && livesHere(user) ? START_DEADLINE_MS : FOREIGN_LOCK_PATIENCE_MS;
    if (Date.now() > begun + patience) throw new DataDirInUse(directory, user);
    await sleep(POLL_MS * 4);
  }
}

/**
 * A lock that is free shows that the last server is gone if it ran under this kernel; where there are no locks, pids
 * show it within their namespace. For all others its heartbeat must have fallen silent.
 * @throws DataDirInUse, without the lock, when it has not
 */
async function requireGone(
  last: ProcessIdentity,
  lock: ClusterLock | undefined,
  owner: ClusterOwner,
  directory: string,
): Promise<void> {
  if (lock ? isOfThisBoot(last) : isOfThisPidNamespace(last)) return;
  new Logger('Database').warn(
    `${directory} was last used on ${last.host} and not left in order: ` +
      `its server counts as gone after ${SILENCE_MS / 1000} s without a heartbeat, waiting for that`,
  );
  if (await owner.takeOver()) return;
  lock?.release();
  throw new DataDirInUse(directory, last);
}

function isLiving({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}
