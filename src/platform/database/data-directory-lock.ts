import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { identityOf, type ProcessIdentity } from './processes.js';

/** The exit code of `flock` if another process has the lock. */
const FLOCK_CONFLICT_EXIT_CODE = 1;

/**
 * An exclusive kernel lock on a file beside the data directory of the embedded PostgreSQL. It belongs to the open file,
 * which PostgreSQL and all its processes inherit: it is held while one of them is alive and released with the last,
 * however it ended. Unlike a pid, it means the same in every container of one kernel.
 */
export class DataDirectoryLock {
  private isOpen = true;

  private constructor(
    /** The open file, to be passed to PostgreSQL. */
    readonly descriptor: number,
  ) {}

  /**
   * Returns the lock, or `held` if another process has it, or undefined where locks are not available: on a system
   * without the program `flock`, or a file system that does not support it.
   */
  static take(file: string): DataDirectoryLock | 'held' | undefined {
    const descriptor = openSync(file, 'a+', 0o600);
    const { status } = spawnSync('flock', ['-x', '-n', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    });
    if (status !== 0) {
      closeSync(descriptor);
      return status === FLOCK_CONFLICT_EXIT_CODE ? 'held' : undefined;
    }
    ftruncateSync(descriptor);
    writeSync(descriptor, `${JSON.stringify(identityOf(process.pid))}\n`);
    return new DataDirectoryLock(descriptor);
  }

  /** The Parley process that took the lock last and started PostgreSQL. Undefined while it is being written. */
  static holder(file: string): ProcessIdentity | undefined {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
    } catch {
      return undefined;
    }
  }

  /** Releases the lock of this process; a PostgreSQL that inherited it still holds it. */
  release(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
  }
}
