import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../database/sql.js';
import type { StreamEvent } from './stream-event.js';

/** A committed change that a webhook wants. `seq` is null for a change that is not in the log. */
export interface OutboxEvent extends Omit<StreamEvent, 'seq'> {
  readonly seq: number | null;
  /** Its data at the time of the change, if it was known then. */
  readonly snapshot: object | null;
}

interface OutboxRow {
  type: string;
  stream_id: string;
  seq: number | null;
  actor_id: string | null;
  subject_id: string | null;
  payload: Record<string, unknown> | null;
  snapshot: object | null;
  at: Date;
}

const TAKE = statement<OutboxRow>(
  'outbox.take',
  `with taken as (
     delete from outbox where id in (select id from outbox order by id limit $1 for update skip locked)
     returning id, type, stream_id, seq, actor_id, subject_id, payload, snapshot, at
   )
   select type, stream_id, seq, actor_id, subject_id, payload, snapshot, at from taken order by id`,
);

const HAS_INTEREST = statement<{ has_interest: boolean }>(
  'outbox.has_interest',
  `select exists (select from outbox_interests) or exists (select from outbox) as has_interest`,
);

const BACKLOG = statement<{ events: number; age_seconds: number }>(
  'outbox.backlog',
  `select (select count(*) from (select from outbox limit 10000) o) as events,
          coalesce(extract(epoch from now() - (select at from outbox order by id limit 1)), 0)::float8 as age_seconds`,
);

/**
 * Owns: outbox. Reads: outbox_interests.
 * `EventLog` and `append_messages` fill it, each in the transaction of the change itself.
 */
@Injectable()
export class OutboxRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Removes and returns the oldest events. They are deleted with the caller's commit, so it must include their
   * processing.
   */
  async take(tx: Queryable, limit: number): Promise<OutboxEvent[]> {
    return (await tx.many(TAKE, [limit])).map((row) => ({
      streamId: row.stream_id,
      seq: row.seq,
      type: row.type,
      actorId: row.actor_id,
      subjectId: row.subject_id,
      payload: row.payload,
      snapshot: row.snapshot,
      at: row.at,
    }));
  }

  /** The number of waiting events, counted up to 10,000, and the age of the oldest. */
  async backlog(): Promise<{ events: number; ageSeconds: number }> {
    const { events, age_seconds } = (await this.sql.one(BACKLOG))!;
    return { events, ageSeconds: Math.max(0, age_seconds) };
  }

  /** Whether any webhook wants any event, or events are waiting. */
  async hasInterest(): Promise<boolean> {
    return (await this.sql.one(HAS_INTEREST))?.has_interest ?? false;
  }
}
