import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { identityOf, type ProcessIdentity } from './processes.js';

/** The exit code of `flock` if another process has the lock. */
const IS_HELD = 1;

/**
 * An exclusive kernel lock on a file beside the database cluster. It belongs to the open file, which the server and all
 * its processes inherit: it is held while one of them is alive and released with the last, however it ended. Unlike a
 * pid, it means the same in every container of one kernel.
 */
export class ClusterLock {
  private isOpen = true;

  private constructor(
    /** The open file, to be passed to the server. */
    readonly descriptor: number,
  ) {}

  /**
   * Returns the lock, or `held` if another process has it, or undefined where locks are not available: on a system
   * without the program `flock`, or a file system that does not support it.
   */
  static take(file: string): ClusterLock | 'held' | undefined {
    const descriptor = openSync(file, 'a+', 0o600);
    const { status } = spawnSync('flock', ['-x', '-n', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    });
    if (status !== 0) {
      closeSync(descriptor);
      return status === IS_HELD ? 'held' : undefined;
    }
    ftruncateSync(descriptor);
    writeSync(descriptor, `${JSON.stringify(identityOf(process.pid))}\n`);
    return new ClusterLock(descriptor);
  }

  /**
   * The process that took the lock last, which started the server that holds it. Undefined while it is being written.
   */
  static holder(file: string): ProcessIdentity | undefined {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
    } catch {
      return undefined;
    }
  }

  /** Releases the lock of this process; a server that inherited it still holds it. */
  release(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
  }
}
