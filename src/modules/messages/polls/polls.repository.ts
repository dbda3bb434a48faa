import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';

/** One user's votes on one poll. */
export interface Ballot {
  readonly messageId: string;
  readonly userId: string;
}

/** What a change of votes does: nothing, something that all see, or something that their shadow-banned user alone sees. */
export type VoteChange = 'none' | 'open' | 'shadowed';

const SET_VOTES = statement<{ is_shadowed: boolean | null }>(
  'polls.set_votes',
  `with removed as (
     delete from poll_votes where message_id = $1 and user_id = $2 and option_id <> all($3::text[]) returning is_shadowed
   ), added as (
     insert into poll_votes (message_id, user_id, option_id, voted_at, is_shadowed)
     select $1, $2, o.id, $4, user_is_banned(u.shadow_banned_at, u.shadow_banned_until)
       from unnest($3::text[]) as o (id) join users u on u.id = $2
         on conflict do nothing
     returning is_shadowed
   )
   select bool_and(is_shadowed) as is_shadowed
     from (select is_shadowed from removed union all select is_shadowed from added) v`,
);

const CLOSE = statement<unknown>(
  'polls.close',
  `update messages set poll = poll || jsonb_build_object('closed_at', $2::text) where id = $1`,
);

const VOTES_OF = statement<{ message_id: string; user_id: string; option_ids: string[] }>(
  'polls.votes_of',
  `select v.message_id, v.user_id, array_agg(v.option_id) as option_ids
     from unnest($1::uuid[], $2::uuid[]) as b (message_id, user_id)
     join poll_votes v on v.message_id = b.message_id and v.user_id = b.user_id
    group by v.message_id, v.user_id`,
);

/** Owns: poll_votes, messages. Reads: users. */
@Injectable()
export class PollsRepository {
  constructor(private readonly sql: Sql) {}

  /** Replaces the votes of a user; none takes them back. */
  async setVotes(
    tx: Queryable,
    { messageId, userId }: Ballot,
    optionIds: readonly string[],
    at: Date,
  ): Promise<VoteChange> {
    const { is_shadowed } = (await tx.one(SET_VOTES, [messageId, userId, optionIds, at]))!;
    return is_shadowed === null ? 'none' : is_shadowed ? 'shadowed' : 'open';
  }

  async close(tx: Queryable, messageId: string, at: Date): Promise<void> {
    await tx.run(CLOSE, [messageId, at.toISOString()]);
  }

  /** The options that each of these users chose, in the order of the ballots. */
  async optionsOf(ballots: readonly Ballot[], tx: Queryable = this.sql): Promise<ReadonlySet<string>[]> {
    const values = [ballots.map(({ messageId }) => messageId), ballots.map(({ userId }) => userId)];
    const rows = await tx.many(VOTES_OF, values);
    const known = new Map(rows.map((row) => [`${row.message_id} ${row.user_id}`, new Set(row.option_ids)]));
    return ballots.map(({ messageId, userId }) => known.get(`${messageId} ${userId}`) ?? new Set());
  }
}
