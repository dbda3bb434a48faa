import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Whether a process of this number exists, ours or not. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The command line of a process; undefined where the system does not tell. */
export function commandOf(pid: number): string | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    const { status, stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return status === 0 ? stdout : undefined;
  }
}

/**
 * A process as others can find it again. A pid alone is no name: after its process it is given to another one, and in
 * another container, on another machine or after a restart of this one it means a stranger.
 */
export interface ProcessIdentity {
  readonly host: string;
  /** One run of one kernel; the name of the host where the system has no such number. */
  readonly boot: string;
  /** Where pids are counted: a container has a namespace of its own. Empty where there are none. */
  readonly pid_namespace: string;
  readonly pid: number;
  /** When it started, in ticks of the kernel since the boot. Empty where the system does not tell. */
  readonly started: string;
}

/** The identity of the process with this pid, seen from here. */
export function identityOf(pid: number): ProcessIdentity {
  return {
    host: hostname(),
    boot: textOf('/proc/sys/kernel/random/boot_id') || hostname(),
    pid_namespace: linkOf('/proc/self/ns/pid'),
    pid,
    // The name of the program, which stands in brackets before the numbers, may hold spaces and brackets itself.
    started: textOf(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19] ?? '',
  };
}

/** Whether a process runs under the kernel we run under, so that a lock of this kernel tells whether it lives. */
export function isOfThisBoot(one: ProcessIdentity): boolean {
  return one.boot === identityOf(process.pid).boot;
}

/** Whether its pid means here what it means there. */
export function isOfThisPidNamespace(one: ProcessIdentity): boolean {
  return isOfThisBoot(one) && one.pid_namespace === identityOf(process.pid).pid_namespace;
}

/** Whether that very process, and none that was given its number since, lives here. */
export function livesHere(one: ProcessIdentity): boolean {
  return isOfThisPidNamespace(one) && isAlive(one.pid) && identityOf(one.pid).started === one.started;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
