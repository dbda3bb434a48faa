import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, livesHere, type ProcessIdentity } from './processes.js';

const BEAT_SECONDS = 5;
/** So long a heartbeat must have been silent before its server counts as gone: three beats. */
export const SILENCE_MS = 3 * BEAT_SECONDS * 1000;
const LOOK_MS = 250;
/** Two machines may take over at once: the later of them has written by then, and the earlier one sees it. */
const SETTLING_MS = 2000;
/** Writes the time as long as the process lives. Outlives us as the server does. */
const KEEPER = `while kill -0 "$1" 2>/dev/null && date +%s > "$2"; do sleep ${BEAT_SECONDS}; done`;

/**
 * The process of ours that started or adopted the server and will stop it, in a file beside the data, and the heartbeat
 * of that server beside it: for those that see the same disk and not the same processes. A clean end removes the file.
 */
export class ClusterOwner {
  private readonly file: string;
  private readonly heartbeat: string;
  private timer: NodeJS.Timeout | undefined;
  private keeper: ChildProcess | undefined;

  constructor(directory: string) {
    this.file = join(directory, 'postgres-owner');
    this.heartbeat = join(directory, 'postgres-heartbeat');
  }

  /** Undefined when nothing uses the cluster, or a version that wrote a bare pid did last. */
  read(): ProcessIdentity | undefined {
    try {
      const owner = JSON.parse(readFileSync(this.file, 'utf8')) as ProcessIdentity;
      return typeof owner === 'object' ? owner : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether the server is ours to stop: no other living process of ours claims it. */
  isOurs(): boolean {
    const owner = this.read();
    return !owner || owner.pid === process.pid || !livesHere(owner);
  }

  /** Makes this process the owner unless another living one is. */
  claim(): void {
    if (!this.isOurs()) return;
    writeFileSync(`${this.file}.new`, `${JSON.stringify(identityOf(process.pid))}\n`, { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }

  /** Leaves the cluster in order: the next one has nothing to wait for. */
  disown(): void {
    this.stopBeating();
    if (!this.isOurs()) return;
    rmSync(this.file, { force: true });
    rmSync(this.heartbeat, { force: true });
  }

  /**
   * Makes this process the owner after `SILENCE_MS` without a heartbeat; false when there is one, or when another
   * machine takes over at the same time. Clocks of two machines are not compared.
   */
  async takeOver(): Promise<boolean> {
    const last = this.lastBeat();
    for (let waited = 0; waited < SILENCE_MS; waited += LOOK_MS) {
      await sleep(LOOK_MS);
      if (this.lastBeat() !== last) return false;
    }
    this.claim();
    this.beat();
    await sleep(SETTLING_MS);
    const owner = this.read();
    if (owner && owner.pid === process.pid && livesHere(owner)) return true;
    clearInterval(this.timer);
    return false;
  }

  /** Beats by this process, until the server that it starts has a keeper. */
  beat(): void {
    const write = (): void => writeFileSync(this.heartbeat, `${Math.round(Date.now() / 1000)}\n`, { mode: 0o600 });
    clearInterval(this.timer);
    write();
    this.timer = setInterval(write, BEAT_SECONDS * 1000).unref();
  }

  /** Beats as long as the server of this pid lives, whatever becomes of us; without a shell, as long as we live. */
  beatFor(serverPid: number): void {
    const args = ['-c', KEEPER, 'parley-heartbeat', String(serverPid), this.heartbeat];
    const keeper = spawn('/bin/sh', args, { detached: true, stdio: 'ignore' });
    this.keeper = keeper;
    keeper.on('spawn', () => clearInterval(this.timer));
    keeper.on('error', () => undefined);
    keeper.unref();
  }

  private stopBeating(): void {
    clearInterval(this.timer);
    if (this.keeper?.pid && this.keeper.exitCode === null) endGroup(this.keeper.pid);
    this.keeper = undefined;
  }

  private lastBeat(): string {
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
    // It has ended by itself.
  }
}
