/**
 * One durable change of a stream, as stored in the log. It contains ids, not content: content is joined when the event
 * is sent, so that content deleted since is missing from every replay as well.
 */
export interface StreamEvent {
  readonly streamId: string;
  /** Position in the stream: 1, 2, 3 … without gaps, in the order of commit. */
  readonly seq: number;
  /** The wire name, for example `message.created`. */
  readonly type: string;
  readonly actorId: string | null;
  /** What the event is about: a message id, a user id. */
  readonly subjectId: string | null;
  readonly payload: Record<string, unknown> | null;
  readonly at: Date;
}

/**
 * The content of an event for its receivers. One receiver may get different content: the sender their own
 * `client_message_id`, a new participant another `prev`. All others share one encoding.
 */
export interface EventContent {
  readonly data: object;
  readonly override?: { readonly userId: string; readonly data?: object; readonly prev?: number };
  /** Omitted if every receiver of the stream may see everything that the event shows. */
  readonly shows?: ShownMessages;
}

/** The messages that an event shows, by their numbers in the stream (`StreamHead.lastNumber`). */
export interface ShownMessages {
  /** The message that the event is about. */
  readonly number: number;
  /** An older message that it quotes, and `data` for receivers who do not see that one. */
  readonly quoted?: { readonly number: number; readonly data: object };
}

/** An event right after its commit. With `content` the node that wrote it need not read it back. */
export interface CommittedEvent extends StreamEvent {
  readonly content?: EventContent;
}

/**
 * Is notified of commits: the fan-out of this node, and through it the bus. Never called before COMMIT has returned.
 */
export abstract class CommitListener {
  /** Events of one stream are in the order of `seq`; streams may be mixed. Must not throw. */
  abstract committed(events: CommittedEvent[]): void;
}
