import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../database/sql.js';
import type { StreamEvent } from './stream-event.js';

/** A committed change somebody outside wants to hear of. `seq` is null for what has no place in the log. */
export interface OutboxEvent extends Omit<StreamEvent, 'seq'> {
  readonly seq: number | null;
  /** What was shown of it when it happened, where that was known then. */
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

  /** Takes the oldest out. They are gone with the caller's commit, so what becomes of them must be part of it. */
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

  /** How many wait, counted up to 10,000, and how old the oldest is. */
  async backlog(): Promise<{ events: number; ageSeconds: number }> {
    const { events, age_seconds } = (await this.sql.one(BACKLOG))!;
    return { events, ageSeconds: Math.max(0, age_seconds) };
  }

  /** Whether anybody wants to hear of anything, or something is still to be told. */
  async hasInterest(): Promise<boolean> {
    return (await this.sql.one(HAS_INTEREST))?.has_interest ?? false;
  }
}
