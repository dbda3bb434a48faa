import { readdirSync, readFileSync } from 'node:fs';

/** Of one tick of the kernel's clock; 100 a second on every Linux. */
const MS_PER_TICK = 10;
const [PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM] = [1, 11, 12, 13, 14];

/** The fields of `/proc/<pid>/stat` after the name; undefined without such a process, or without `/proc`. */
function statOf(pid: number | string): number[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return undefined;
  }
}

/** Processor time of a process so far, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const stat = statOf(pid);
  return stat ? (stat[USER]! + stat[SYSTEM]!) * MS_PER_TICK : 0;
}

export function parentOf(pid: number): number | undefined {
  return statOf(pid)?.[PARENT];
}

/** Of a process and all its children, ended ones included: PostgreSQL with its backends. */
export function cpuMsOfFamily(pid: number): number {
  const own = statOf(pid);
  if (!own) return 0;
  let ticks = own[USER]! + own[SYSTEM]! + own[CHILDREN_USER]! + own[CHILDREN_SYSTEM]!;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(name);
    if (stat?.[PARENT] === pid) ticks += stat[USER]! + stat[SYSTEM]!;
  }
  return ticks * MS_PER_TICK;
}
