import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, isRunningHere, type ProcessIdentity } from './processes.js';

const HEARTBEAT_SECONDS = 5;
/** The time without a heartbeat after which a server counts as gone: three beats. */
export const HEARTBEAT_TIMEOUT_MS = 3 * HEARTBEAT_SECONDS * 1000;
const POLL_MS = 250;
/**
 * Two machines may take over at the same time: within this time the later one has written, and the earlier one sees it.
 */
const TAKEOVER_CONFIRM_MS = 2000;
/**
 * Writes a rising number while the given process lives. Like the server, it survives this process. Only the shell
 * itself writes: nothing is written once it has ended.
 */
const HEARTBEAT_SCRIPT = `while kill -0 "$1" 2>/dev/null && echo "$1 $((beat += 1))" > "$2"; do sleep ${HEARTBEAT_SECONDS}; done`;

/**
 * Records which Parley process started or adopted the server and will stop it, in a file beside the data, with the
 * heartbeat of that server beside it. They are for machines that see the same disk but not the same processes. A clean
 * end removes both files.
 */
export class ClusterOwner {
  private readonly file: string;
  private readonly heartbeat: string;
  private timer: NodeJS.Timeout | undefined;
  private heartbeatProcess: ChildProcess | undefined;

  constructor(directory: string) {
    this.file = join(directory, 'postgres-owner');
    this.heartbeat = join(directory, 'postgres-heartbeat');
  }

  /**
   * Returns the owner, or undefined if no process uses the cluster or the last one was a version that wrote a bare pid.
   */
  read(): ProcessIdentity | undefined {
    try {
      const owner = JSON.parse(readFileSync(this.file, 'utf8')) as ProcessIdentity;
      return typeof owner === 'object' ? owner : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether this process may stop the server: no other living Parley process owns it. */
  isOurs(): boolean {
    const owner = this.read();
    return !owner || owner.pid === process.pid || !isRunningHere(owner);
  }

  /** Makes this process the owner unless another living process is. */
  claim(): void {
    if (!this.isOurs()) return;
    writeFileSync(`${this.file}.new`, `${JSON.stringify(identityOf(process.pid))}\n`, { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }

  /** Removes both files, so that the next process starts without waiting. No heartbeat is written after that. */
  async release(): Promise<void> {
    await this.stopHeartbeat();
    if (!this.isOurs()) return;
    rmSync(this.file, { force: true });
    rmSync(this.heartbeat, { force: true });
  }

  /**
   * Makes this process the owner after `HEARTBEAT_TIMEOUT_MS` without a heartbeat. Returns false if there is a
   * heartbeat, or if another machine takes over at the same time. Clocks of two machines are not compared.
   */
  async takeOver(): Promise<boolean> {
    const before = this.readHeartbeat();
    for (let waited = 0; waited < HEARTBEAT_TIMEOUT_MS; waited += POLL_MS) {
      await sleep(POLL_MS);
      if (this.readHeartbeat() !== before) return false;
    }
    this.claim();
    this.startHeartbeat();
    await sleep(TAKEOVER_CONFIRM_MS);
    const owner = this.read();
    if (owner && owner.pid === process.pid && isRunningHere(owner)) return true;
    clearInterval(this.timer);
    return false;
  }

  /** Writes the heartbeat from this process, until `startServerHeartbeat` takes over. */
  startHeartbeat(): void {
    const write = (): void => writeFileSync(this.heartbeat, `${Math.round(Date.now() / 1000)}\n`, { mode: 0o600 });
    clearInterval(this.timer);
    write();
    this.timer = setInterval(write, HEARTBEAT_SECONDS * 1000).unref();
  }

  /**
   * Writes the heartbeat while the server with this pid lives, even after this process ended; without a shell, only
   * until then.
   */
  startServerHeartbeat(serverPid: number): void {
    const args = ['-c', HEARTBEAT_SCRIPT, 'parley-heartbeat', String(serverPid), this.heartbeat];
    const heartbeatProcess = spawn('/bin/sh', args, { detached: true, stdio: 'ignore' });
    this.heartbeatProcess = heartbeatProcess;
    heartbeatProcess.on('spawn', () => clearInterval(this.timer));
    heartbeatProcess.on('error', () => undefined);
    heartbeatProcess.unref();
  }

  private async stopHeartbeat(): Promise<void> {
    clearInterval(this.timer);
    const child = this.heartbeatProcess;
    this.heartbeatProcess = undefined;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.ref(); // this process must not end before the heartbeat
    endGroup(child.pid);
    await ended;
  }

  private readHeartbeat(): string {
    try {
      return readFileSync(this.heartbeat, 'utf8');
    } catch {
      return '';
    }
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}
