import type { LatencySummary } from './latencies.js';

export type TransportName = 'rest' | 'socket.io' | 'ws';

export interface SenderSeat {
  readonly token: string;
  readonly conversations: readonly string[];
}

interface Timed {
  readonly port: number;
  readonly warmUpMs: number;
  readonly seconds: number;
}

interface Sending extends Timed {
  readonly transport: TransportName;
  readonly senders: readonly SenderSeat[];
  /** Tokens of those who only receive, over the same transport (plain WebSocket beside REST). */
  readonly readers: readonly string[];
}

/** Everybody sends again as soon as an answer is there, so many at once. */
export interface ClosedLoopJob extends Sending {
  readonly kind: 'closed-loop';
  readonly inFlight: number;
}

/** So many sends a second, whatever the answers do. */
export interface OpenLoopJob extends Sending {
  readonly kind: 'open-loop';
  readonly rate: number;
}

/** Some of many sockets send; everybody receives; the next send goes out when there is room in the window. */
export interface FanOutJob extends Timed {
  readonly kind: 'fan-out';
  readonly path: string;
  /** One socket each; undefined where nobody asks who they are. */
  readonly tokens: readonly (string | undefined)[];
  readonly conversationId: string;
  readonly senders: number;
  /** Sends that not everybody has received yet. */
  readonly window: number;
}

/** Sockets that are open and do nothing, until `release`. */
export interface IdleJob {
  readonly kind: 'idle';
  readonly port: number;
  readonly transport: 'socket.io' | 'ws';
  readonly tokens: readonly (string | undefined)[];
  readonly path: string;
}

export type Job = ClosedLoopJob | OpenLoopJob | FanOutJob | IdleJob;

export interface SendResult {
  readonly acknowledged: number;
  readonly seconds: number;
  readonly failures: number;
  readonly firstFailure?: string;
  /** Answered with "not now". */
  readonly refused: number;
  readonly toAcknowledgement?: LatencySummary;
  readonly toRefusal?: LatencySummary;
  /** From the last send of an open loop until no answer was owed any more and one more send was taken. */
  readonly recoveredMs?: number;
  readonly toOtherSocket?: LatencySummary;
}

export interface FanOutResult {
  readonly deliveries: number;
  readonly sends: number;
  readonly seconds: number;
  readonly failures: number;
  readonly firstFailure?: string;
  /** One frame as it was delivered. */
  readonly sample: string;
}

export interface IdleResult {
  readonly connected: number;
  readonly connectMs: number;
  readonly failures: number;
  readonly firstFailure?: string;
}

/** What the generator says while it works. */
export type Report =
  | { readonly event: 'begin' }
  | { readonly event: 'end' }
  | { readonly event: 'result'; readonly result: SendResult | FanOutResult | IdleResult }
  | { readonly event: 'failed'; readonly reason: string };

/** What it is told. */
export type Order = { readonly order: 'work'; readonly job: Job } | { readonly order: 'release' };
