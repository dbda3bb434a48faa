import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Sql, statement, type Queryable } from '../database/sql.js';
import { KeyedMutex } from './keyed-mutex.js';
import { CommitListener, type CommittedEvent, type StreamEvent } from './stream-event.js';
import {
  type ExternalEvent,
  lockHeads,
  type NewEvent,
  type StreamHead,
  StreamsTransaction,
} from './streams-transaction.js';

const CREATE_HEADS = statement<unknown>(
  'event_log.create_heads',
  `insert into stream_heads (stream_id) select unnest($1::uuid[]) on conflict do nothing`,
);

const CREATE_HEAD = statement<unknown>(
  'event_log.create_head',
  `insert into stream_heads (stream_id) values ($1) on conflict do nothing`,
);

interface EventRow {
  stream_id: string;
  seq: number;
  type: string;
  actor_id: string | null;
  subject_id: string | null;
  payload: Record<string, unknown> | null;
  at: Date;
}

const AFTER = statement<EventRow>(
  'event_log.after',
  `select stream_id, seq, type, actor_id, subject_id, payload, at
     from events where stream_id = $1 and seq > $2 order by seq limit $3`,
);

/** One transaction on one locked stream. */
export class StreamTransaction extends StreamsTransaction {
  constructor(
    tx: Queryable,
    readonly head: StreamHead,
  ) {
    super(tx, new Map([[head.streamId, head]]));
  }

  /** The seq of the next event of the locked stream. */
  get nextSeq(): number {
    return this.nextSeqOf(this.head);
  }

  /** Appends an event to the locked stream and returns its `seq`. */
  append(event: NewEvent): number {
    return this.appendTo(this.head.streamId, event);
  }

  /** Publishes an event to the outbox only, if a webhook wants it. Its stream is the locked one. */
  publishExternal(event: ExternalEvent): void {
    this.publishExternalOf(this.head.streamId, event);
  }
}

/**
 * The durable, ordered event log: every lasting change of a stream is written through it.
 *
 * Invariants: positions of a stream are without gaps and in the order of commit, despite aborts and crashes. `write`
 * resolves only after the commit. The commit listener is called only after the commit.
 */
@Injectable()
export class EventLog {
  private readonly mutex = new KeyedMutex();
  private readonly observers: ((events: readonly CommittedEvent[]) => void)[] = [];

  constructor(
    private readonly sql: Sql,
    private readonly listener: CommitListener,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Locks the stream, runs `work` under the lock, writes what it appended, commits, announces the events and returns
   * the result of `work`. Checks belong inside `work`, because data read before the lock may be outdated. If the stream
   * has no head, because no such stream exists, `work` is not run and the result is undefined.
   */
  async write<T>(streamId: string, work: (tx: StreamTransaction) => Promise<T>): Promise<T | undefined> {
    return this.mutex.run(streamId, async () => {
      let committed: CommittedEvent[] = [];
      const result = await this.sql.transaction(async (tx) => {
        const [head] = await lockHeads(tx, [streamId]);
        if (!head) return undefined;
        const stream = new StreamTransaction(tx, head);
        const value = await work(stream);
        committed = await stream.flush(this.audit);
        return value;
      });
      this.announce(committed);
      return result;
    });
  }

  /** Creates a stream and writes its first events in one transaction; an existing stream is continued. */
  async create<T>(streamId: string, work: (tx: StreamTransaction) => Promise<T>): Promise<T> {
    let committed: CommittedEvent[] = [];
    const result = await this.sql.transaction(async (tx) => {
      await tx.run(CREATE_HEAD, [streamId]);
      const [head] = await lockHeads(tx, [streamId]);
      const stream = new StreamTransaction(tx, head!);
      const value = await work(stream);
      committed = await stream.flush(this.audit);
      return value;
    });
    this.announce(committed);
    return result;
  }

  /**
   * Writes to several streams in one transaction: creates those of `created`, locks all of them in id order and runs
   * `work` under the locks. Streams of `existing` must have been created. A call costs the same number of statements
   * for any number of streams. The streams must be of one kind, such as users; see `appendToOthers` for the order of
   * locks.
   */
  async writeMany<T>(
    { existing, created }: { existing: readonly string[]; created: readonly string[] },
    work: (tx: StreamsTransaction) => Promise<T>,
  ): Promise<T> {
    let committed: CommittedEvent[] = [];
    const result = await this.sql.transaction(async (tx) => {
      if (created.length > 0) await tx.run(CREATE_HEADS, [created]);
      const heads = await lockHeads(tx, [...existing, ...created]);
      const streams = new StreamsTransaction(tx, new Map(heads.map((head) => [head.streamId, head])));
      const value = await work(streams);
      committed = await streams.flush(this.audit);
      return value;
    });
    this.announce(committed);
    return result;
  }

  /** Notifies the listener of committed events. For writers with their own statement, such as the batched sends. */
  announce(events: CommittedEvent[]): void {
    if (events.length > 0) this.listener.committed(events);
    for (const observe of this.observers) observe(events);
  }

  /**
   * Calls `observer`, which must not throw, after every commit of this process with the committed events. The list may
   * be empty, and the outbox may have new events even then.
   */
  onCommit(observer: (events: readonly CommittedEvent[]) => void): void {
    this.observers.push(observer);
  }

  /** Up to `limit` events of a stream after a position, oldest first. */
  async readAfter(streamId: string, seq: number, limit: number): Promise<StreamEvent[]> {
    return (await this.sql.many(AFTER, [streamId, seq, limit])).map(toStreamEvent);
  }
}

/** Maps a row of `events`. */
export function toStreamEvent(row: EventRow): StreamEvent {
  return {
    streamId: row.stream_id,
    seq: row.seq,
    type: row.type,
    actorId: row.actor_id,
    subjectId: row.subject_id,
    payload: row.payload,
    at: row.at,
  };
}
