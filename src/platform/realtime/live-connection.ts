import type { Actor, SystemRole } from '../http/actor.js';
import type { EncodedFrame, FrameClass } from './encoded-frame.js';
import type { SocketCodec } from './socket-codec.js';

/** Where a durable frame stands in the log. */
export interface Position {
  readonly streamId: string;
  readonly seq: number;
}

/** What of a connection the fan-out sees: it hands frames over and never waits. */
export interface LiveConnection {
  readonly id: string;
  readonly actor: Actor;
  /** What its client speaks, where that is not our own protocol. */
  readonly codec?: SocketCodec;
  /** Streams this connection does not want (frame `unsubscribe`); undefined for nearly all connections. */
  readonly mutedStreams: ReadonlySet<string> | undefined;
  /** The user has another system role from now on. */
  changeRole(role: SystemRole): void;
  /** Turns to a stream again, or away from it. Being entitled to it is another matter. */
  subscribe(streamId: string): void;
  unsubscribe(streamId: string): void;
  /**
   * Hands a frame to the connection's bounded queue. While `holdBack` is in force frames are kept aside.
   * A durable frame that finds the queue full is dropped and its stream marked dirty: see `SlowConsumerRecovery`.
   */
  deliver(frame: EncodedFrame, frameClass: FrameClass, place?: { position?: Position; key?: string }): void;
  /** From now on live frames are kept aside, so that a replay can go first. Frames of the replay use `deliverNow`. */
  deferLive(): void;
  deliverNow(frame: EncodedFrame, position?: Position): void;
  /** Sends what was kept aside, without what the replay has covered, and goes live. */
  release(covered: (position: Position) => boolean): void;
  /** The client wants frames of this stream again, which is how every connection begins, or wants no more of them. */
  subscribe(streamId: string): void;
  unsubscribe(streamId: string): void;
  close(code: number, reason: string): void;
}

/** Fills the gaps of a slow reader: provided by the fan-out, called by the connection once its queue is empty again. */
export abstract class SlowConsumerRecovery {
  /**
   * `from`: the last position the connection was handed, for each stream that lost frames. Sends the rest or a
   * `resync`.
   */
  abstract catchUp(connection: LiveConnection, from: ReadonlyMap<string, number>): Promise<void>;
}
