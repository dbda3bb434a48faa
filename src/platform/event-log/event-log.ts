import { Injectable } from '@nestjs/common';
import { type AuditEntry, AuditLog } from '../audit/audit-log.js';
import { Sql, statement, type Queryable, type SqlValue, type Statement } from '../database/sql.js';
import { KeyedMutex } from './keyed-mutex.js';
import { CommitListener, type CommittedEvent, type EventContent, type StreamEvent } from './stream-event.js';

/** The last numbers of a stream, read under its lock. */
export interface StreamHead {
  readonly streamId: string;
  readonly lastSeq: number;
  /** The second counter without gaps: the messages of a conversation. */
  readonly lastNumber: number;
  /** The time of the events written now: the clock, but never before the previous event of the stream. */
  readonly at: Date;
}

export interface NewEvent {
  readonly type: string;
  readonly actorId: string | null;
  readonly subjectId?: string | null;
  readonly payload?: Record<string, unknown> | null;
  readonly content?: EventContent;
}

/** A change for webhooks only. It is not in the log, because no client has to apply it. */
export interface ExternalEvent {
  readonly type: string;
  readonly actorId: string | null;
  readonly subjectId: string;
  readonly payload?: Record<string, unknown> | null;
}

const CREATE_HEAD = statement<unknown>(
  'event_log.create_head',
  `insert into stream_heads (stream_id) values ($1) on conflict do nothing`,
);

const LOCK_HEADS = statement<{ stream_id: string; last_seq: number; last_number: number; at: Date }>(
  'event_log.lock_heads',
  `select stream_id, last_seq, last_number, greatest(date_trunc('milliseconds', clock_timestamp()), last_at) as at
     from stream_heads where stream_id = any($1::uuid[]) order by stream_id for no key update`,
);

const APPEND = statement<unknown>(
  'event_log.append',
  `with new_event as (
     select * from json_to_recordset($1) as e (
       stream_id uuid, seq bigint, type text, actor_id uuid, subject_id uuid, payload jsonb, snapshot json, at timestamptz)
   ), moved as (
     update stream_heads h
        set last_seq = t.seq, last_at = t.at, last_xid = pg_current_xact_id()
       from (select stream_id, max(seq) as seq, max(at) as at from new_event where seq is not null group by stream_id) t
      where h.stream_id = t.stream_id
   ), queued as (
     insert into outbox (stream_id, seq, type, actor_id, subject_id, payload, snapshot, at)
     select stream_id, seq, type, actor_id, subject_id, payload, snapshot, at
       from new_event where outbox_wants(type, stream_id, subject_id) order by stream_id, seq
   )
   insert into events (stream_id, seq, type, actor_id, subject_id, payload, at)
   select stream_id, seq, type, actor_id, subject_id, payload, at
     from new_event where seq is not null order by stream_id, seq`,
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

/** One transaction on one locked stream. Appended events become visible, and are announced, only with the commit. */
export class StreamTransaction implements Queryable {
  private readonly pending: CommittedEvent[] = [];
  private readonly externalEvents: ExternalEvent[] = [];
  private readonly auditEntries: AuditEntry[] = [];
  private readonly appended = new Map<string, number>();

  constructor(
    private readonly tx: Queryable,
    readonly head: StreamHead,
  ) {}

  many<Row>(statement: Statement<Row>, values?: SqlValue[]): Promise<Row[]> {
    return this.tx.many(statement, values);
  }

  one<Row>(statement: Statement<Row>, values?: SqlValue[]): Promise<Row | undefined> {
    return this.tx.one(statement, values);
  }

  run(statement: Statement<unknown>, values?: SqlValue[]): Promise<number> {
    return this.tx.run(statement, values);
  }

  /** The seq of the next event of the locked stream. */
  get nextSeq(): number {
    return (this.appended.get(this.head.streamId) ?? this.head.lastSeq) + 1;
  }

  /** Appends an event to the locked stream and returns its `seq`. */
  append(event: NewEvent): number {
    return this.add(this.head, event);
  }

  /** Publishes an event to the outbox only, if a webhook wants it. Its stream is the locked one. */
  publishExternal(event: ExternalEvent): void {
    this.externalEvents.push(event);
  }

  /** Writes an audit entry in this transaction, so that the action and its entry are committed together. */
  audit(entry: AuditEntry): void {
    this.auditEntries.push(entry);
  }

  /**
   * Appends one event to each of these streams, for example to those of several users, and locks their heads in id
   * order. The lock order is conversation first, then users; any other order allows deadlocks.
   */
  async appendToOthers(streamIds: string[], event: (streamId: string) => NewEvent): Promise<void> {
    const rows = await this.tx.many(LOCK_HEADS, [[...new Set(streamIds)]]);
    for (const row of rows) this.add(toHead(row), event(row.stream_id));
  }

  /** Writes the appended events, the external events and the audit entries. The caller commits. */
  async flush(audit: AuditLog): Promise<CommittedEvent[]> {
    for (const entry of this.auditEntries) await audit.record(entry, this.tx);
    const { streamId, at } = this.head;
    const external = this.externalEvents.map((event) => ({ ...event, streamId, at, seq: null, content: undefined }));
    if (this.pending.length + external.length === 0) return [];
    const rows = [...this.pending, ...external].map((event) => ({
      stream_id: event.streamId,
      seq: event.seq,
      type: event.type,
      actor_id: event.actorId,
      subject_id: event.subjectId,
      payload: event.payload,
      snapshot: event.content?.data,
      at: event.at,
    }));
    await this.tx.run(APPEND, [JSON.stringify(rows)]);
    return this.pending;
  }

  private add(head: StreamHead, event: NewEvent): number {
    const seq = (this.appended.get(head.streamId) ?? head.lastSeq) + 1;
    this.appended.set(head.streamId, seq);
    this.pending.push({
      streamId: head.streamId,
      seq,
      type: event.type,
      actorId: event.actorId,
      subjectId: event.subjectId ?? null,
      payload: event.payload ?? null,
      at: head.at,
      content: event.content,
    });
    return seq;
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
        const [head] = await tx.many(LOCK_HEADS, [[streamId]]);
        if (!head) return undefined;
        const stream = new StreamTransaction(tx, toHead(head));
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
      const [head] = await tx.many(LOCK_HEADS, [[streamId]]);
      const stream = new StreamTransaction(tx, toHead(head!));
      const value = await work(stream);
      committed = await stream.flush(this.audit);
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

function toHead(row: { stream_id: string; last_seq: number; last_number: number; at: Date }): StreamHead {
  return { streamId: row.stream_id, lastSeq: row.last_seq, lastNumber: row.last_number, at: row.at };
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
