import { Cluster, type ClusterNeeds } from './cluster.js';
import type { Faults } from './faults.js';

/** What a round counted. */
export type Figures = Record<string, number>;

export interface RoundOptions {
  /** How long the load lasts; setting up and settling come on top. */
  readonly seconds: number;
  readonly clients: number;
  /** Switches the mechanism off: the round must then report a broken promise. */
  readonly breakIt?: boolean;
  readonly seed?: number;
}

/** One way of trying to break one promise. */
export interface Round {
  /** `T1`: the name it is chosen by. */
  readonly name: string;
  readonly promise: string;
  readonly sentence: string;
  /** Figures that are 0 as long as the promise holds. */
  readonly zeros: readonly string[];
  /** Figures that show that something was tried at all. */
  readonly tried: readonly string[];
  /** What the negative control switches off, and the figures that must show it. */
  readonly control: string;
  readonly broken: readonly string[];
  readonly short: { readonly seconds: number; readonly clients: number };
  readonly long: { readonly seconds: number; readonly clients: number };
  /** What the nodes do wrong throughout: the promise is to hold in spite of it. */
  readonly faults?: Faults;
  /** What they do wrong in the control besides or instead; a round may also break something itself. */
  readonly controlFaults?: Faults;
  /** Settings of a PostgreSQL of the round's own, for rounds that kill it. */
  readonly ownServer?: (breakIt: boolean) => readonly string[];
  /** Settings of the nodes; a round with its own has its own cluster. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly withRedis?: boolean;
  readonly behindHaproxy?: boolean;
  /** False where this machine lacks what it needs: the round is then named as skipped. */
  readonly isPossible?: boolean;
  /** Whether the control, run after it, can have the very cluster of its own that it had. */
  readonly sharesWithControl?: boolean;
  run(cluster: Cluster, options: Required<RoundOptions>): Promise<Figures>;
}

/** What its cluster has to be like. */
export function needsOf({ ownServer, settings, withRedis, behindHaproxy }: Round, breakIt: boolean): ClusterNeeds {
  return { ownServer: ownServer?.(breakIt), settings, withRedis, behindHaproxy };
}

/** Runs a round, in the cluster given, which it leaves as it found it, or in one of its own. */
export async function runRound(cycle: Round, options: RoundOptions, shared?: Cluster): Promise<Figures> {
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

/** Figures of these names, for comparing. */
export function figuresOf(names: readonly string[], figures: Figures): Figures {
  return Object.fromEntries(names.map((name) => [name, figures[name] ?? NaN]));
}
