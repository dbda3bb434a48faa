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

/** A reaction that was added or removed. */
export interface ChangedReaction {
  readonly emoji: string;
  /** Only the user saw it. */
  readonly is_shadowed: boolean;
}

const COUNT_EMOJIS = statement<{ count: number; is_known: boolean | null; is_own: boolean | null }>(
  'reactions.count_emojis',
  `select count(distinct emoji) as count, bool_or(emoji = $2) as is_known,
          bool_or(user_id = $3 and translate(emoji, U&'\\FE0E\\FE0F', '') = $4) as is_own
     from reactions where message_id = $1 and (not is_shadowed or user_id = $3)`,
);

/** What a shadow-banned user adds is shown to them alone. */
const ADD = statement<{ is_shadowed: boolean }>(
  'reactions.add',
  `insert into reactions (message_id, emoji, user_id, created_at, is_shadowed)
   select $1, $2, $3, $4, user_is_banned(u.shadow_banned_at, u.shadow_banned_until) from users u where u.id = $3
       on conflict do nothing
   returning is_shadowed`,
);

/** Also finds an emoji that was stored with another variation selector. */
const REMOVE = statement<ChangedReaction>(
  'reactions.remove',
  `delete from reactions
    where message_id = $1 and user_id = $3 and (emoji = $2 or translate(emoji, U&'\\FE0E\\FE0F', '') = $4)
   returning emoji, is_shadowed`,
);

const REMOVE_ALL_OF = statement<ChangedReaction>(
  'reactions.remove_all_of',
  `delete from reactions where message_id = $1 and user_id = $2 returning emoji, is_shadowed`,
);

const PAGE = statement<UserReactionRow>(
  'reactions.page',
  `select r.emoji, r.user_id, u.display_name, r.created_at
     from reactions r join users u on u.id = r.user_id
    where r.message_id = $1 and ($2::text is null or translate(r.emoji, U&'\\FE0E\\FE0F', '') = $2)
      and (not r.is_shadowed or r.user_id = $7)
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

  /** Undefined if nothing has changed. */
  async add(tx: Queryable, emoji: string, { id, actorId, at }: ChangeContext): Promise<ChangedReaction | undefined> {
    const added = await tx.one(ADD, [id, emoji, actorId, at]);
    return added && { emoji, ...added };
  }

  /** Returns the reaction as it was stored; undefined if the actor has no such reaction. */
  async remove(tx: Queryable, emoji: string, { id, actorId }: ChangeContext): Promise<ChangedReaction | undefined> {
    return (await tx.many(REMOVE, [id, emoji, actorId, withoutVariationSelectors(emoji)]))[0];
  }

  /** Removes all reactions of the actor to the message. */
  removeAllOf(tx: Queryable, { id, actorId }: ChangeContext): Promise<ChangedReaction[]> {
    return tx.many(REMOVE_ALL_OF, [id, actorId]);
  }

  /** Who has reacted to a message, as far as the reader sees it, the earliest first; with `emoji` only with this reaction, in any form. */
  page(
    messageId: string,
    query: { readerId: string; emoji?: string; after?: readonly [Date, string, string]; limit: number },
  ): Promise<UserReactionRow[]> {
    const { readerId, emoji, after: [time = null, userId = null, last = null] = [], limit } = query;
    const form = emoji === undefined ? null : withoutVariationSelectors(emoji);
    return this.sql.many(PAGE, [messageId, form, time, userId, last, limit, readerId]);
  }
}
