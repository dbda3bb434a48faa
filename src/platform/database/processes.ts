import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Whether a process with this pid exists, of any account. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The command line of a process; undefined where the system does not report it. */
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
 * Identifies a process beyond its pid. A pid alone is not enough: after its process has ended it is assigned to another
 * one, and in another container, on another machine or after a reboot it belongs to an unrelated process.
 */
export interface ProcessIdentity {
  readonly host: string;
  /** The boot id of the kernel; the host name where the system has none. */
  readonly boot: string;
  /** The namespace of the pid: each container has its own. Empty where there are none. */
  readonly pid_namespace: string;
  readonly pid: number;
  /** The start of the process in kernel ticks since boot. Empty where the system does not report it. */
  readonly started: string;
}

/** Returns the identity of the process with this pid in our namespace. */
export function identityOf(pid: number): ProcessIdentity {
  return {
    host: hostname(),
    boot: textOf('/proc/sys/kernel/random/boot_id') || hostname(),
    pid_namespace: linkOf('/proc/self/ns/pid'),
    pid,
    // The name of the program, in brackets before the numbers, may itself contain spaces and brackets.
    started: textOf(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19] ?? '',
  };
}

/** Whether a process runs under our kernel, so that a kernel lock proves whether it is alive. */
export function isOfThisBoot(one: ProcessIdentity): boolean {
  return one.boot === identityOf(process.pid).boot;
}

/** Whether the pid is valid in our namespace. */
export function isOfThisPidNamespace(one: ProcessIdentity): boolean {
  return isOfThisBoot(one) && one.pid_namespace === identityOf(process.pid).pid_namespace;
}

/** Whether that process itself is alive here, and not a later process with the same pid. */
export function isRunningHere(one: ProcessIdentity): boolean {
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
