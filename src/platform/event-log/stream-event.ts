/**
 * One durable change of a stream, as the log keeps it. It holds ids, not content: content is joined when the event is
 * shown, so that what was deleted since is gone from every replay too.
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
 * What receivers are shown of an event. One receiver may be shown something else than the rest: the sender its own
 * `client_message_id`, a newcomer another `prev`. Everybody else shares one encoding.
 */
export interface PresentedEvent {
  readonly data: object;
  readonly only?: { readonly userId: string; readonly data?: object; readonly prev?: number };
}

/** An event right after its commit; `presented` spares the node that wrote it from reading it back. */
export interface CommittedEvent extends StreamEvent {
  readonly presented?: PresentedEvent;
}

/** Who hears of commits: the fan-out of this node, and through it the bus. Never called before COMMIT has returned. */
export abstract class CommitListener {
  /** Events of one stream come in the order of their seq; streams may be mixed. Must not throw. */
  abstract committed(events: CommittedEvent[]): void;
}
