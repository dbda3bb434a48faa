import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { MessageRow } from './message-presenter.js';
import { MESSAGE_COLUMNS, MESSAGE_JOINS } from './messages.repository.js';
import { shadowedReplies, type ShadowedReplies } from './thread-summary.js';
import type { ThreadStateDto } from './threads.dto.js';

export interface ThreadSummaryRow {
  root_id: string;
  reply_count: number;
  last_reply_at: Date | null;
  reply_user_ids: string[];
  shadowed_replies: ShadowedReplies | null;
  /** Of the root. */
  sequence_number: number;
  sender_id: string;
  audience: string[] | null;
}

type StateColumns = Omit<ThreadStateDto, 'root_id' | 'conversation_id'>;
export type ThreadRow = MessageRow & StateColumns & { last_reply_number: number; is_root_hidden: boolean };

const SUMMARIES = statement<ThreadSummaryRow>(
  'threads.summaries',
  `select t.root_id, t.reply_count, t.last_reply_at, t.reply_user_ids, root.sequence_number, root.sender_id, root.audience,
          ${shadowedReplies('t')}
     from threads t join messages root on root.id = t.root_id where t.root_id = any($1::uuid[])`,
);

const RECOUNT = statement<{ root_id: string }>('threads.recount', `select recount_threads($1::uuid[]) as root_id`);

/** Replies of others above the mark of the follower `f`, who sees them as the participant `p`. */
const UNREAD_REPLIES = `messages m
    where m.thread_root_id = f.root_id and m.sequence_number > greatest(f.last_read_number, p.hidden_up_to_number)
      and m.deleted_at is null and m.sender_id <> f.user_id and is_in_audience(m.audience, m.sender_id, f.user_id)
      and not (p.has_hidden_messages and exists (
        select from hidden_messages x where x.user_id = f.user_id and x.message_id = m.id))`;
const UNREAD_COUNT = `(select count(*) from ${UNREAD_REPLIES})`;

/** Whether the follower `f` sees a reply; one that only some see is not counted in the thread, and is looked for. */
const HAS_REPLIES = `(thread_of.reply_count > 0 or thread_of.has_limited_replies and exists (
    select from messages m
     where m.thread_root_id = f.root_id and m.sequence_number > p.hidden_up_to_number and m.deleted_at is null
       and is_in_audience(m.audience, m.sender_id, f.user_id)))`;

/** A user who has never followed the thread has read nothing of it, and nothing is unread for them. */
const STATE = statement<ThreadStateDto>(
  'threads.state',
  `select root.id as root_id, root.conversation_id, coalesce(f.is_following, false) as is_following,
          coalesce(f.last_read_number, 0) as last_read_number,
          case when f.is_following then ${UNREAD_COUNT} else 0 end as unread_count
     from messages root
     left join thread_followers f on f.root_id = root.id and f.user_id = $2
     left join participants p on p.conversation_id = root.conversation_id and p.user_id = $2
    where root.id = $1`,
);

/**
 * Threads that the user follows in conversations in which they are a participant now, and of which they see a reply.
 */
const FOLLOWED = `
  thread_followers f
  join threads thread_of on thread_of.root_id = f.root_id
  join participants p on p.conversation_id = thread_of.conversation_id and p.user_id = f.user_id and p.left_seq is null
                     and p.hidden_up_to_number < thread_of.last_reply_number
  join conversations c on c.id = p.conversation_id and c.deleted_at is null`;

const STATES = statement<ThreadStateDto>(
  'threads.states',
  `select f.root_id, thread_of.conversation_id, f.is_following, f.last_read_number, ${UNREAD_COUNT} as unread_count
     from ${FOLLOWED}
    where f.user_id = $1 and f.is_following and ${HAS_REPLIES}
    order by thread_of.last_reply_at desc nulls last, f.root_id limit $2`,
);

const PAGE = statement<ThreadRow & { last_reply_ms: number }>(
  'threads.page',
  `select ${MESSAGE_COLUMNS}, chosen.is_following, chosen.last_read_number, chosen.unread_count, chosen.last_reply_number,
          chosen.last_reply_ms, chosen.hidden_up_to_number,
          m.sequence_number <= chosen.hidden_up_to_number or not is_in_audience(m.audience, m.sender_id, $1)
          or chosen.has_hidden_messages and exists (
            select from hidden_messages x where x.user_id = $1 and x.message_id = m.id) as is_root_hidden
     from (select f.root_id, f.is_following, f.last_read_number, ${UNREAD_COUNT} as unread_count,
                  thread_of.last_reply_number, k.last_reply_ms, p.hidden_up_to_number, p.has_hidden_messages
             from ${FOLLOWED}
            cross join lateral (
              select coalesce(floor(extract(epoch from thread_of.last_reply_at) * 1000), 0)::bigint as last_reply_ms) k
            where f.user_id = $1 and f.is_following and ${HAS_REPLIES}
              and ($2::boolean is not true or thread_of.last_reply_number > f.last_read_number
                   and (not (p.has_hidden_messages or thread_of.has_limited_replies) or exists (select from ${UNREAD_REPLIES})))
              and ($3::bigint is null or (k.last_reply_ms, f.root_id) < ($3, $4::uuid))
            order by k.last_reply_ms desc, f.root_id desc limit $5) chosen
     join messages m on m.id = chosen.root_id ${MESSAGE_JOINS}
    order by chosen.last_reply_ms desc, m.id desc`,
);

/** A user who follows a thread anew has read the replies there are. */
const SET_FOLLOWING = statement<unknown>(
  'threads.set_following',
  `with existing as (
     insert into threads (root_id, conversation_id) select id, conversation_id from messages where id = $1
         on conflict do nothing
   )
   insert into thread_followers as f (root_id, user_id, is_following, last_read_number)
   select $1, $2, $3, coalesce((select last_reply_number from threads where root_id = $1), 0)
       on conflict (user_id, root_id) do update set is_following = excluded.is_following
    where f.is_following <> excluded.is_following`,
);

const MARK = statement<unknown>(
  'threads.mark',
  `insert into thread_followers as f (root_id, user_id, is_following, last_read_number) values ($1, $2, false, $3)
       on conflict (user_id, root_id) do update set last_read_number = excluded.last_read_number
    where f.last_read_number < excluded.last_read_number`,
);

/** Owns: threads, thread_followers. Reads: messages and what is joined to them, participants, hidden_messages, conversations. */
@Injectable()
export class ThreadsRepository {
  constructor(private readonly sql: Sql) {}

  async summaries(rootIds: readonly string[]): Promise<Map<string, ThreadSummaryRow>> {
    return new Map((await this.sql.many(SUMMARIES, [rootIds])).map((row) => [row.root_id, row]));
  }

  /** Counts the replies again after messages were deleted; returns the roots of the threads they belonged to. */
  async recount(tx: Queryable, deletedIds: readonly string[]): Promise<string[]> {
    return (await tx.many(RECOUNT, [deletedIds])).map(({ root_id }) => root_id);
  }

  async state(userId: string, rootId: string): Promise<ThreadStateDto> {
    return (await this.sql.one(STATE, [rootId, userId]))!;
  }

  /** The threads that a user follows, the most recently active first. */
  states(userId: string, limit: number): Promise<ThreadStateDto[]> {
    return this.sql.many(STATES, [userId, limit]);
  }

  page(
    userId: string,
    { isUnread, after, limit }: { isUnread?: boolean; after?: readonly [millis: number, id: string]; limit: number },
  ): Promise<(ThreadRow & { last_reply_ms: number })[]> {
    const [millis, id] = after ?? [null, null];
    return this.sql.many(PAGE, [userId, isUnread ?? null, millis, id, limit]);
  }

  /** Whether anything changed. */
  async setFollowing(tx: Queryable, rootId: string, userId: string, isFollowing: boolean): Promise<boolean> {
    return (await tx.run(SET_FOLLOWING, [rootId, userId, isFollowing])) > 0;
  }

  /** Moves the mark forward; returns whether it moved. */
  async mark(tx: Queryable, rootId: string, userId: string, number: number): Promise<boolean> {
    return (await tx.run(MARK, [rootId, userId, number])) > 0;
  }
}
