import type { AuditEntry, AuditLog } from '../audit/audit-log.js';
import { statement, type Queryable, type SqlValue, type Statement } from '../database/sql.js';
import type { CommittedEvent, EventContent } from './stream-event.js';

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

/** An event without a position in its stream: it is only in the outbox. */
type UnnumberedEvent = Omit<CommittedEvent, 'seq'> & { readonly seq: null };

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

/** One transaction on locked streams. Appended events become visible, and are announced, only with the commit. */
export class StreamsTransaction implements Queryable {
  private readonly pending: CommittedEvent[] = [];
  private readonly external: UnnumberedEvent[] = [];
  private readonly auditEntries: AuditEntry[] = [];
  private readonly appended = new Map<string, number>();

  constructor(
    private readonly tx: Queryable,
    private readonly heads: ReadonlyMap<string, StreamHead>,
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

  /** Appends an event to one of the locked streams and returns its `seq`. */
  appendTo(streamId: string, event: NewEvent): number {
    return this.add(this.headOf(streamId), event);
  }

  /** Publishes an event of one of the locked streams to the outbox only, if a webhook wants it. */
  publishExternalOf(streamId: string, event: ExternalEvent): void {
    const { at } = this.headOf(streamId);
    this.external.push({ ...event, streamId, at, seq: null, payload: event.payload ?? null, content: undefined });
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
    const heads = await lockHeads(this.tx, [...new Set(streamIds)]);
    for (const head of heads) this.add(head, event(head.streamId));
  }

  /** Writes the appended events, the external events and the audit entries. The caller commits. */
  async flush(audit: AuditLog): Promise<CommittedEvent[]> {
    for (const entry of this.auditEntries) await audit.record(entry, this.tx);
    if (this.pending.length + this.external.length === 0) return [];
    const rows = [...this.pending, ...this.external].map((event) => ({
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

  /** The seq of the next event of a locked stream. */
  protected nextSeqOf(head: StreamHead): number {
    return (this.appended.get(head.streamId) ?? head.lastSeq) + 1;
  }

  private headOf(streamId: string): StreamHead {
    const head = this.heads.get(streamId);
    if (!head) throw new Error(`The stream ${streamId} is not locked.`);
    return head;
  }

  private add(head: StreamHead, event: NewEvent): number {
    const seq = this.nextSeqOf(head);
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
 * Locks the heads of these streams in id order, until the end of the transaction. Streams without a head are omitted.
 */
export async function lockHeads(tx: Queryable, streamIds: readonly string[]): Promise<StreamHead[]> {
  return (await tx.many(LOCK_HEADS, [streamIds])).map(toHead);
}

function toHead(row: { stream_id: string; last_seq: number; last_number: number; at: Date }): StreamHead {
  return { streamId: row.stream_id, lastSeq: row.last_seq, lastNumber: row.last_number, at: row.at };
}
