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
  /** The data for further users, by their ids: only where very few see something else. */
  readonly overrides?: ReadonlyMap<string, object>;
  /** Omitted if every receiver of the stream may see everything that the event shows. */
  readonly shows?: ShownMessages;
}

/** A message that an event shows. */
export interface ShownMessage {
  /** Its number in the stream (`StreamHead.lastNumber`). */
  readonly number: number;
  /** The users who see it; omitted: all who see its number. */
  readonly onlyFor?: readonly string[];
}

/** The messages that an event shows: the one that it is about, and an older one that it quotes. */
export interface ShownMessages extends ShownMessage {
  /** With `data` for receivers who do not see the quoted message. */
  readonly quoted?: ShownMessage & { readonly data: object };
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
