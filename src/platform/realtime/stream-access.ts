import type { Queryable } from '../database/sql.js';

/** A stream somebody may receive. */
export interface StreamAccess {
  readonly streamId: string;
  /** Head of the stream in the snapshot of the question. */
  readonly lastSeq: number;
  /** Position at which this user came in (last time): earlier events are not owed to the live socket. */
  readonly fromSeq: number;
  /** Last position this user is entitled to, for a stream he has left; otherwise null. */
  readonly toSeq: number | null;
}

/**
 * Who receives what. The module `participants` provides it for conversations; a user's own stream needs no asking.
 */
export abstract class StreamAccessReader {
  /** The streams this user receives now (untilSeq null), read through `tx` so that the caller's snapshot holds. */
  abstract current(tx: Queryable, userId: string): Promise<StreamAccess[]>;

  /** The same, and with them streams left since `watermark` (an xid8): their last events are still owed. */
  abstract since(tx: Queryable, userId: string, watermark: string): Promise<StreamAccess[]>;
}
