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
  /** Tokens of clients that only receive, over the same transport (plain WebSocket beside REST). */
  readonly readers: readonly string[];
}

/** Every client sends again as soon as its response has arrived, a number at once. */
export interface ClosedLoopJob extends Sending {
  readonly kind: 'closed-loop';
  readonly inFlight: number;
}

/** The same with requests that store nothing: `ping` over sockets, and the caller's own profile over REST. */
export interface LightRequestsJob extends Omit<ClosedLoopJob, 'kind'> {
  readonly kind: 'light-requests';
}

/** A number of sends a second, independent of the responses. */
export interface OpenLoopJob extends Sending {
  readonly kind: 'open-loop';
  readonly rate: number;
}

/** Some of many sockets send and all receive; the next send starts when the window has room. */
export interface FanOutJob extends Timed {
  readonly kind: 'fan-out';
  readonly path: string;
  /** One socket each; undefined if the server requires no authentication. */
  readonly tokens: readonly (string | undefined)[];
  readonly conversationId: string;
  readonly senders: number;
  /** The maximum of sends that have not been received by all. */
  readonly window: number;
}

/** Sockets that are open and idle, until `release`. */
export interface IdleJob {
  readonly kind: 'idle';
  readonly port: number;
  readonly transport: 'socket.io' | 'ws';
  readonly tokens: readonly (string | undefined)[];
  readonly path: string;
}

export type Job = ClosedLoopJob | LightRequestsJob | OpenLoopJob | FanOutJob | IdleJob;

export interface SendResult {
  readonly acknowledged: number;
  readonly seconds: number;
  readonly failures: number;
  readonly firstFailure?: string;
  /** Responses with "later". */
  readonly refused: number;
  readonly toAcknowledgement?: LatencySummary;
  readonly toRefusal?: LatencySummary;
  /** From the last send of an open loop until all responses have arrived and one more send was accepted. */
  readonly recoveredMs?: number;
  readonly toOtherSocket?: LatencySummary;
}

export interface FanOutResult {
  readonly deliveries: number;
  readonly sends: number;
  readonly seconds: number;
  readonly failures: number;
  readonly firstFailure?: string;
  /** One delivered frame. */
  readonly sample: string;
}

export interface IdleResult {
  readonly connected: number;
  readonly connectMs: number;
  readonly failures: number;
  readonly firstFailure?: string;
}

/** The reports of the generator while it works. */
export type Report =
  | { readonly event: 'begin' }
  | { readonly event: 'end' }
  | { readonly event: 'result'; readonly result: SendResult | FanOutResult | IdleResult }
  | { readonly event: 'failed'; readonly reason: string };

/** The orders to the generator. */
export type Order = { readonly order: 'work'; readonly job: Job } | { readonly order: 'release' };
