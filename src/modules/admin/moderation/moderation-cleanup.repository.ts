import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../../platform/database/sql.js';

/** Held messages of deleted accounts, and those decided so long ago that their text is no longer needed. */
const EXPIRED_HELD = `
  h.send ->> 'content' <> '' and (
    h.status in ('released', 'dropped') and h.decided_at < now() - interval '30 days'
    or exists (select from users u where u.id = h.sender_id and u.deleted_at is not null))`;
const COMMENTS_OF_DELETED = `
  r.comment is not null and exists (select from users u where u.id = r.reporter_id and u.deleted_at is not null)`;

const COUNT = statement<{ held: number; comments: number }>(
  'moderation.count_spent',
  `select (select count(*) from held_messages h where ${EXPIRED_HELD}) as held,
          (select count(*) from reports r where ${COMMENTS_OF_DELETED}) as comments`,
);

/** Messages of a deleted account that are still held are dropped. */
const CLEAR_HELD_TEXTS = statement<unknown>(
  'moderation.empty_held',
  `update held_messages u
      set send = u.send || '{"content": "", "metadata": null, "mentions": null}',
          status = case when u.status = 'held' then 'dropped' else u.status end,
          decided_at = coalesce(u.decided_at, clock_timestamp())
    where u.id in (select h.id from held_messages h where ${EXPIRED_HELD} order by h.id limit $1 for update skip locked)`,
);

const CLEAR_COMMENTS = statement<unknown>(
  'moderation.empty_comments',
  `update reports u set comment = null
    where u.id in (select r.id from reports r where ${COMMENTS_OF_DELETED} order by r.id limit $1 for update skip locked)`,
);

/** Owns: held_messages, reports. Reads: users. */
@Injectable()
export class ModerationCleanupRepository {
  constructor(private readonly sql: Sql) {}

  async count(): Promise<{ held: number; comments: number }> {
    return (await this.sql.one(COUNT))!;
  }

  /** Returns how many texts were removed, at most `limit`. */
  clearHeldTexts(limit: number): Promise<number> {
    return this.sql.run(CLEAR_HELD_TEXTS, [limit]);
  }

  clearComments(limit: number): Promise<number> {
    return this.sql.run(CLEAR_COMMENTS, [limit]);
  }
}
