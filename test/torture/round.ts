import { Cluster, type ClusterNeeds } from './cluster.js';

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
  needs(breakIt: boolean): ClusterNeeds;
  run(cluster: Cluster, options: Required<RoundOptions>): Promise<Figures>;
}

/** Rounds that need nothing but honest nodes may share a cluster: they leave it as they found it. */
export const HONEST_PAIR: ClusterNeeds = { nodes: 2 };

/** Runs a round, in the cluster given or in one of its own. */
export async function runRound(round: Round, options: RoundOptions, shared?: Cluster): Promise<Figures> {
  const breakIt = options.breakIt ?? false;
  const complete = { breakIt, seed: Math.floor(Math.random() * 2 ** 31), ...options } as Required<RoundOptions>;
  const needs = round.needs(breakIt);
  const cluster = shared && needs === HONEST_PAIR ? shared : await Cluster.start(needs);
  try {
    return { ...(await round.run(cluster, complete)), seed: complete.seed };
  } catch (error) {
    throw new Error(`${round.name} failed (seed ${complete.seed}): ${cluster.endOfLogs()}`, { cause: error });
  } finally {
    if (cluster !== shared) await cluster.stop();
  }
}

/** Figures of these names, for comparing. */
export function figuresOf(names: readonly string[], figures: Figures): Figures {
  return Object.fromEntries(names.map((name) => [name, figures[name] ?? NaN]));
}
