import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { ChangeContext } from '../messages.repository.js';
import { withoutVariationSelectors } from '../reaction.js';

export interface UserReactionRow {
  readonly emoji: string;
  readonly user_id: string;
  readonly display_name: string;
  readonly created_at: Date;
}

const COUNT_EMOJIS = statement<{ count: number; is_known: boolean | null; is_own: boolean | null }>(
  'reactions.count_emojis',
  `select count(distinct emoji) as count, bool_or(emoji = $2) as is_known,
          bool_or(user_id = $3 and translate(emoji, U&'\\FE0E\\FE0F', '') = $4) as is_own
     from reactions where message_id = $1`,
);

const ADD = statement<unknown>(
  'reactions.add',
  `insert into reactions (message_id, emoji, user_id, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
);

/** Also finds an emoji that was stored with another variation selector. */
const REMOVE = statement<{ emoji: string }>(
  'reactions.remove',
  `delete from reactions
    where message_id = $1 and user_id = $3 and (emoji = $2 or translate(emoji, U&'\\FE0E\\FE0F', '') = $4)
   returning emoji`,
);

const REMOVE_ALL_OF = statement<{ emoji: string }>(
  'reactions.remove_all_of',
  `delete from reactions where message_id = $1 and user_id = $2 returning emoji`,
);

const PAGE = statement<UserReactionRow>(
  'reactions.page',
  `select r.emoji, r.user_id, u.display_name, r.created_at
     from reactions r join users u on u.id = r.user_id
    where r.message_id = $1 and ($2::text is null or translate(r.emoji, U&'\\FE0E\\FE0F', '') = $2)
      and ($3::timestamptz is null or (r.created_at, r.user_id, r.emoji) > ($3, $4, $5))
    order by r.created_at, r.user_id, r.emoji limit $6`,
);

/** Owns: reactions. Reads: users. */
@Injectable()
export class ReactionsRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * How many different emojis a message has, whether this is one of them, and whether the actor used it in any form.
   */
  async countEmojis(
    tx: Queryable,
    emoji: string,
    { id, actorId }: ChangeContext,
  ): Promise<{ count: number; isKnown: boolean; isOwn: boolean }> {
    const row = await tx.one(COUNT_EMOJIS, [id, emoji, actorId, withoutVariationSelectors(emoji)]);
    return { count: row?.count ?? 0, isKnown: row?.is_known ?? false, isOwn: row?.is_own ?? false };
  }

  /** Whether anything changed. */
  async add(tx: Queryable, emoji: string, { id, actorId, at }: ChangeContext): Promise<boolean> {
    return (await tx.run(ADD, [id, emoji, actorId, at])) > 0;
  }

  /** Returns the emoji as it was stored; undefined if the actor has no such reaction. */
  async remove(tx: Queryable, emoji: string, { id, actorId }: ChangeContext): Promise<string | undefined> {
    return (await tx.many(REMOVE, [id, emoji, actorId, withoutVariationSelectors(emoji)]))[0]?.emoji;
  }

  /** Removes all reactions of the actor to the message, and returns their emojis. */
  async removeAllOf(tx: Queryable, { id, actorId }: ChangeContext): Promise<string[]> {
    return (await tx.many(REMOVE_ALL_OF, [id, actorId])).map(({ emoji }) => emoji);
  }

  /** Who has reacted to a message, the earliest first; with `emoji` only with this reaction, in any form. */
  page(
    messageId: string,
    query: { emoji?: string; after?: readonly [Date, string, string]; limit: number },
  ): Promise<UserReactionRow[]> {
    const { emoji, after: [time = null, userId = null, last = null] = [], limit } = query;
    const form = emoji === undefined ? null : withoutVariationSelectors(emoji);
    return this.sql.many(PAGE, [messageId, form, time, userId, last, limit]);
  }
}
