import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { identityOf, type ProcessIdentity } from './processes.js';

/** What `flock` ends with when another one has the lock. */
const IS_HELD = 1;

/**
 * An exclusive lock of the kernel's on a file beside the cluster. It belongs to the open file, which the server and all
 * its processes inherit: it is held as long as one of them lives, and gone with the last, whatever ended it. Unlike a
 * pid it means the same in every container of one kernel.
 */
export class ClusterLock {
  private isOpen = true;

  private constructor(
    /** To be handed to the server as one of its open files. */
    readonly descriptor: number,
  ) {}

  /**
   * The lock; `held` when another one has it; undefined where there is no such lock: a system without the program
   * `flock`, or a file system that knows none.
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

  /** Who took it last: the process that started the server which holds it. Undefined while that is being written. */
  static holder(file: string): ProcessIdentity | undefined {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
    } catch {
      return undefined;
    }
  }

  /** Lets go of it; a server that inherited it still holds it. */
  release(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
  }
}
