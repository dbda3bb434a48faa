import { Cluster, type ClusterNeeds } from './cluster.js';
import type { Faults } from './faults.js';

/** The numbers that a round counted. */
export type Counts = Record<string, number>;

export interface RoundOptions {
  /** How long the load lasts, without setup and settling. */
  readonly seconds: number;
  readonly clients: number;
  /** Disables the mechanism: the round must then report a broken promise. */
  readonly breakIt?: boolean;
  readonly seed?: number;
}

/** One attempt to break one promise. */
export interface Round {
  /** `T1`: the name to select it by. */
  readonly name: string;
  readonly promise: string;
  readonly sentence: string;
  /** The counts that are 0 as long as the promise holds. */
  readonly mustBeZero: readonly string[];
  /** The counts that are not 0 if anything was tried. */
  readonly mustNotBeZero: readonly string[];
  /** What the negative control disables, and the counts that must show it. */
  readonly control: string;
  readonly broken: readonly string[];
  readonly short: { readonly seconds: number; readonly clients: number };
  readonly long: { readonly seconds: number; readonly clients: number };
  /** Faults of the nodes throughout: the promise must hold in spite of them. */
  readonly faults?: Faults;
  /** Faults of the nodes in the control, in addition or instead; a round may also break something itself. */
  readonly controlFaults?: Faults;
  /** Settings of an own PostgreSQL, for rounds that kill it. */
  readonly ownServer?: (breakIt: boolean) => readonly string[];
  /** Settings of the nodes; a round with settings has its own cluster. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly withRedis?: boolean;
  readonly behindHaproxy?: boolean;
  /** False if this machine lacks what it needs: the round is then reported as skipped. */
  readonly isPossible?: boolean;
  /** Whether the control, which runs after it, can use the same cluster. */
  readonly sharesWithControl?: boolean;
  run(cluster: Cluster, options: Required<RoundOptions>): Promise<Counts>;
}

/** What its cluster needs. */
export function needsOf({ ownServer, settings, withRedis, behindHaproxy }: Round, breakIt: boolean): ClusterNeeds {
  return { ownServer: ownServer?.(breakIt), settings, withRedis, behindHaproxy };
}

/** Runs a round, in the given cluster, which it leaves unchanged, or in its own. */
export async function runRound(cycle: Round, options: RoundOptions, shared?: Cluster): Promise<Counts> {
  const breakIt = options.breakIt ?? false;
  const complete = { breakIt, seed: Math.floor(Math.random() * 2 ** 31), ...options } as Required<RoundOptions>;
  const { faults = {}, controlFaults, ownServer } = cycle;
  const cluster = shared ?? (await Cluster.start(needsOf(cycle, breakIt)));
  try {
    if (!ownServer) await cluster.setFaults((breakIt && controlFaults) || faults);
    return { ...(await cycle.run(cluster, complete)), seed: complete.seed };
  } catch (error) {
    throw new Error(`${cycle.name} failed (seed ${complete.seed}): ${cluster.endOfLogs()}`, { cause: error });
  } finally {
    if (cluster !== shared) await cluster.stop();
    else if (!ownServer) await cluster.setFaults({});
  }
}

/** Whether a round cannot share a cluster with others. */
export function hasOwnCluster({ ownServer, settings, withRedis, behindHaproxy }: Round): boolean {
  return Boolean(ownServer ?? settings ?? withRedis ?? behindHaproxy);
}

/** The counts of these names, for comparing. */
export function countsOf(names: readonly string[], counts: Counts): Counts {
  return Object.fromEntries(names.map((name) => [name, counts[name] ?? NaN]));
}
