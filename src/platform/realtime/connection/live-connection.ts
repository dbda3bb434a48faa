import type { Actor, SystemRole } from '../../identity/actor.js';
import type { EncodedFrame, FrameClass } from '../protocol/encoded-frame.js';
import type { SocketCodec } from '../transport/socket-codec.js';

/** The position of a durable frame in the log. */
export interface Position {
  readonly streamId: string;
  readonly seq: number;
}

/** A set of streams, by their ids. */
export type StreamFilter = Pick<ReadonlySet<string>, 'has'>;

/** Streams that a client may unsubscribe from. Further ones are ignored. */
export const MAX_UNSUBSCRIBED_STREAMS = 10_000;

/** Every stream but these. */
export class AllBut implements StreamFilter {
  constructor(private readonly streams: ReadonlySet<string>) {}

  has(streamId: string): boolean {
    return !this.streams.has(streamId);
  }
}

/** A connection as the fan-out uses it: frames are enqueued, and no call waits. */
export interface LiveConnection {
  readonly id: string;
  readonly actor: Actor;
  /** The protocol of its client, if that is not Parley's own. */
  readonly codec?: SocketCodec;
  /**
   * Streams that the client has unsubscribed from (frame `unsubscribe`), or all but those it has subscribed to, for the
   * backend of the host; undefined for nearly all connections.
   */
  readonly unsubscribedStreams: StreamFilter | undefined;
  /** The streams that the backend of the host has subscribed to; undefined for every other client. */
  readonly subscribedStreams: ReadonlySet<string> | undefined;
  /** The user has another system role from now on. */
  changeRole(role: SystemRole): void;
  /**
   * Sends a frame, or puts it into the connection's bounded queue. After `deferLive` frames wait until `release`.
   * A durable frame that does not fit is dropped and its stream is recorded as gapped; see `SlowConsumerRecovery`.
   */
  deliver(frame: EncodedFrame, frameClass: FrameClass, routing?: { position?: Position; key?: string }): void;
  /** Defers live frames from now on, so that a replay can be sent first. Frames of the replay use `deliverNow`. */
  deferLive(): void;
  deliverNow(frame: EncodedFrame, position?: Position): void;
  /** Sends the deferred frames, except those that the replay has covered. Later frames are sent directly. */
  release(covered: (position: Position) => boolean): void;
  /** Delivers frames of this stream again, which is the initial state. Independent of access to the stream. */
  subscribe(streamId: string): void;
  /** Delivers no more frames of this stream to this connection. */
  unsubscribe(streamId: string): void;
  close(code: number, reason: string): void;
}

/** Fills the gaps of a slow consumer. The fan-out provides it; the connection calls it once its queue is empty. */
export abstract class SlowConsumerRecovery {
  /**
   * Sends the events after `from`, or a `resync`. `from` is the last position that the connection received, for each
   * stream that lost frames.
   */
  abstract catchUp(connection: LiveConnection, from: ReadonlyMap<string, number>): Promise<void>;
}
