import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../database/sql.js';
import { toStreamEvent } from '../../event-log/event-log.js';
import type { StreamEvent } from '../../event-log/stream-event.js';

/** The lag of the oldest transaction behind the next, in transaction ids, from which its database is looked up. */
const LOOKUP_LAG = 64;

/**
 * The key that signs cursors, and the history of the database for which they are valid.
 */
export interface CursorKey {
  /**
   * Identifies one continuous history of one database. It changes with failover, point-in-time recovery, dump and
   * restore: after those, transaction ids and positions may have been assigned again and mean something else.
   */
  readonly epoch: string;
  readonly key: Buffer;
}

/** The state of the log in one snapshot of the database. */
export interface LogState {
  /**
   * All transactions of this database with an id below it have ended; those that committed are visible in the snapshot.
   */
  readonly watermark: string;
  /** Whether an open transaction keeps the watermark from advancing. */
  readonly isWatermarkHeld: boolean;
  readonly cursorKey: CursorKey;
}

export interface StreamPosition {
  readonly streamId: string;
  readonly seq: number;
}

/** A range of a stream: after `floor`, up to and including `ceiling`. */
export interface StreamSpan {
  readonly streamId: string;
  readonly floor: number;
  readonly ceiling: number;
}

/**
 * The epoch consists of the cluster, the timeline, the database, the table in it and a salt. A failover or a recovery
 * changes the timeline and a restored dump creates a new table, so cursors of the history before it are recognised.
 */
const STATE = `
  w.watermark::text as watermark, w.watermark < w.next as is_held,
  (select concat_ws('/', (pg_control_system()).system_identifier,
                    substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
                    (select d.oid from pg_database d where d.datname = current_database()),
                    'installation'::regclass::oid, i.epoch_salt)
     from installation i) as epoch,
  (select i.cursor_key from installation i) as cursor_key`;

/**
 * The oldest open transaction. A snapshot lists those of the whole cluster. An idle one of another database would stop
 * the watermark for as long as it stays open; it writes nothing here, so it is excluded. The database of a transaction
 * never changes, so one known to be of another database is excluded whenever that was read. One that is not found any
 * more is assumed to be of this database. The lookup is made only when the oldest transaction is far behind.
 */
const WATERMARK = `
  (select case when next::text::bigint - oldest::text::bigint < ${LOOKUP_LAG} then oldest else coalesce((
            select x from pg_snapshot_xip(pg_current_snapshot()) as x
             where not exists (select from pg_stat_get_activity(null) a
                                where a.backend_xid = x::xid and a.datid <> here.oid)
               and not exists (select from pg_prepared_xacts p
                                where p.transaction = x::xid and p.database <> current_database())
             order by x limit 1
          ), next) end as watermark, next
     from (select pg_snapshot_xmin(pg_current_snapshot()) as oldest, pg_snapshot_xmax(pg_current_snapshot()) as next,
                  (select d.oid from pg_database d where d.datname = current_database()) as oid) here) w`;

interface StateRow {
  watermark: string;
  is_held: boolean;
  epoch: string;
  cursor_key: Buffer;
}

const LOG_STATE = statement<StateRow & { head: number }>(
  'realtime.log_state',
  `select ${STATE}, coalesce((select last_seq from stream_heads where stream_id = $1), 0) as head from ${WATERMARK}`,
);

const HEADS_AHEAD = statement<StateRow & { ahead: [string, number][] | null }>(
  'realtime.heads_ahead',
  `select ${STATE},
          (select json_agg(json_build_array(h.stream_id, h.last_seq))
             from unnest($1::uuid[], $2::bigint[]) as l (stream_id, seq)
             join stream_heads h on h.stream_id = l.stream_id and h.last_seq > l.seq) as ahead
     from ${WATERMARK}`,
);

/**
 * From where each stream is new to a client whose cursor is the watermark $4: `stop` is the newest position written by
 * a transaction below the watermark. Stopping there is exact. Positions of a stream are in the order of commit, and a
 * transaction below the watermark had ended when the watermark was read. So everything before its event had committed,
 * was visible then and was sent before the cursor. Events after it are repeated at worst. At most $5 rows are examined
 * in one stream; beyond that the gap is too large in any case.
 */
const NEW_SINCE = statement<{ stream_id: string; stop: number; ceiling: number }>(
  'realtime.new_since',
  `select w.stream_id, w.ceiling,
          greatest(w.floor, w.ceiling - $5, (
            select s.seq from events s
             where s.stream_id = w.stream_id and s.seq <= w.ceiling and s.seq > greatest(w.floor, w.ceiling - $5)
               and s.xid < $4::xid8
             order by s.seq desc limit 1)) as stop
     from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as w (stream_id, floor, ceiling)
     join stream_heads h on h.stream_id = w.stream_id and h.last_xid >= $4::xid8
    where w.ceiling > w.floor`,
);

const SPANS = statement<Parameters<typeof toStreamEvent>[0]>(
  'realtime.spans',
  `select e.stream_id, e.seq, e.type, e.actor_id, e.subject_id, e.payload, e.at
     from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as w (stream_id, floor, ceiling)
    cross join lateral (
      select * from events where stream_id = w.stream_id and seq > w.floor and seq <= w.ceiling order by seq limit $4
    ) e`,
);

/** Owns: nothing. Reads: stream_heads, events, installation. */
@Injectable()
export class FanOutRepository {
  constructor(private readonly sql: Sql) {}

  /** Runs `work` over one snapshot of the database. */
  inSnapshot<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work, 'repeatable read read only');
  }

  async readState(): Promise<LogState> {
    return toState((await this.sql.one(HEADS_AHEAD, [[], []]))!);
  }

  /** The state of the log, and the head of one stream (a user's own). */
  async readStateAndHead(tx: Queryable, streamId: string): Promise<LogState & { head: number }> {
    const row = (await tx.one(LOG_STATE, [streamId]))!;
    return { ...toState(row), head: row.head };
  }

  /** The streams whose heads are above these positions, and the state of the log in the same snapshot. */
  async headsAhead(positions: StreamPosition[]): Promise<LogState & { ahead: StreamPosition[] }> {
    const ids = positions.map(({ streamId }) => streamId);
    const seqs = positions.map(({ seq }) => seq);
    const row = (await this.sql.one(HEADS_AHEAD, [ids, seqs]))!;
    return { ...toState(row), ahead: (row.ahead ?? []).map(([streamId, seq]) => ({ streamId, seq })) };
  }

  /** For each stream with new events since `watermark`, their span; at most `maxRows` are examined in each. */
  async spansWithNewEvents(
    tx: Queryable,
    watermark: string,
    spans: StreamSpan[],
    maxRows: number,
  ): Promise<StreamSpan[]> {
    const rows = await tx.many(NEW_SINCE, [...columns(spans), watermark, maxRows]);
    return rows.map((row) => ({ streamId: row.stream_id, floor: row.stop, ceiling: row.ceiling }));
  }

  /** The events of these spans, each stream's in order, at most `limit` of each. */
  async readEvents(tx: Queryable | undefined, spans: StreamSpan[], limit: number): Promise<Map<string, StreamEvent[]>> {
    const byStream = new Map<string, StreamEvent[]>();
    if (spans.length === 0) return byStream;
    for (const row of await (tx ?? this.sql).many(SPANS, [...columns(spans), limit])) {
      const events = byStream.get(row.stream_id);
      if (events) events.push(toStreamEvent(row));
      else byStream.set(row.stream_id, [toStreamEvent(row)]);
    }
    return byStream;
  }
}

function toState(row: StateRow): LogState {
  return {
    watermark: row.watermark,
    isWatermarkHeld: row.is_held,
    cursorKey: { epoch: row.epoch, key: row.cursor_key },
  };
}

function columns(spans: StreamSpan[]): [string[], number[], number[]] {
  return [spans.map(({ streamId }) => streamId), spans.map(({ floor }) => floor), spans.map(({ ceiling }) => ceiling)];
}
