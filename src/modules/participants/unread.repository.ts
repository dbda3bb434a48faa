import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

/** What is unread in all conversations of a user. */
export interface UnreadTotalsRow {
  user_id: string;
  external_id: string | null;
  total: number;
  conversations: number;
  mentions: number;
  threads: number;
}

/** What is unread in one conversation of a user. */
export interface UnreadStateRow {
  user_id: string;
  conversation_id: string;
  unread_count: number;
  mention_count: number;
  last_read_number: number;
}

export interface ReadStateRow extends UnreadStateRow {
  read_by_all_number: number;
  delivered_to_all_number: number;
  has_receipts: boolean;
}

/** A participant `p` of an existing conversation `c` with the head `h`. */
const PARTICIPANT = `
  participants p
  join conversations c on c.id = p.conversation_id and c.deleted_at is null
  join stream_heads h on h.stream_id = p.conversation_id`;
const STATE = `
  p.user_id, p.conversation_id, unread_messages(p, h.last_number, c.settings) as unread_count,
  unread_mentions(p, h.last_number) as mention_count,
  least(p.last_read_number, p.unread_from_number - 1) as last_read_number`;
/** Excludes conversations without messages above the mark before their settings are read. */
const MAY_BE_UNREAD = `(p.last_read_number < h.last_number or p.unread_from_number is not null)`;

const IS_MUTED = `p.is_silenced and (p.silenced_until is null or p.silenced_until > now())`;

/**
 * `offset 0`: the counts of a conversation are computed once, though several aggregates use them.
 *
 * Own replies move the mark of their author, so a thread has unread replies if its last one is above the mark. A
 * mention in a reply that is only in a thread is read with the thread.
 */
const TOTALS = statement<UnreadTotalsRow>(
  'unread.totals',
  `select u.id as user_id, u.external_id, t.total, t.conversations, t.mentions + f.mentions as mentions, f.threads
     from users u
    cross join lateral (
      select coalesce(sum(s.unread_count) filter (where not s.is_muted), 0)::bigint as total,
             count(*) filter (where s.unread_count > 0 and not s.is_muted) as conversations,
             coalesce(sum(s.mention_count), 0)::bigint as mentions
        from (select ${STATE},
                     ${IS_MUTED} as is_muted
                from ${PARTICIPANT}
               where p.user_id = u.id and p.left_seq is null and ${MAY_BE_UNREAD}
              offset 0) s) t
    cross join lateral (
      select count(*) filter (where not (${IS_MUTED})) as threads,
             coalesce(sum((select count(*) from message_mentions r
                            where r.user_id = u.id and r.thread_root_id = f.root_id
                              and r.sequence_number > greatest(f.last_read_number, p.hidden_up_to_number)
                              and not (p.has_hidden_messages and exists (
                                    select from hidden_messages x
                                     where x.user_id = u.id and x.message_id = r.message_id)))), 0)::bigint as mentions
        from thread_followers f
        join threads t on t.root_id = f.root_id and t.last_reply_number > f.last_read_number
        join ${PARTICIPANT} on p.conversation_id = t.conversation_id
       where f.user_id = u.id and f.is_following and p.user_id = u.id and p.left_seq is null
         and t.last_reply_number > p.hidden_up_to_number
         and (not (p.has_hidden_messages or t.has_limited_replies) or exists (
               select from messages m
                where m.thread_root_id = f.root_id and m.deleted_at is null and m.sender_id <> u.id
                  and is_in_audience(m.audience, m.sender_id, u.id)
                  and m.sequence_number > greatest(f.last_read_number, p.hidden_up_to_number)
                  and not exists (select from hidden_messages x where x.user_id = u.id and x.message_id = m.id)))) f
    where (u.id = any($1::uuid[]) or u.external_id = any($2::text[])) and u.deleted_at is null`,
);

const STATES = statement<UnreadStateRow>(
  'unread.states',
  `select ${STATE}
     from unnest($1::uuid[], $2::uuid[]) as w (user_id, conversation_id)
     join ${PARTICIPANT} on p.user_id = w.user_id and p.conversation_id = w.conversation_id
    where p.left_seq is null`,
);

const READ_STATES = statement<ReadStateRow>(
  'unread.standing',
  `select ${STATE}, coalesce(r.read_by_all_number, 0) as read_by_all_number,
          coalesce(r.delivered_to_all_number, 0) as delivered_to_all_number,
          not feature_is_off('receipts', t.settings, c.settings) as has_receipts
     from ${PARTICIPANT}
     left join conversation_types t on t.name = coalesce(c.type_name, c.type)
     left join conversation_receipts r on r.conversation_id = p.conversation_id
    where p.user_id = $1 and p.left_seq is null and h.last_number > 0
    order by h.last_number_at desc limit $2`,
);

/**
 * Up to which number conversations with unread messages are to be read. With a watermark up to the newest message that
 * was committed when the watermark was read: positions of a stream are in the order of commit, so everything before an
 * event of an older transaction was committed too.
 */
const TO_READ = statement<{ conversation_id: string; number: number }>(
  'unread.to_read',
  `select p.conversation_id, n.number
     from ${PARTICIPANT}
    cross join lateral (
      select case when $3::xid8 is null or h.last_xid < $3::xid8 then h.last_number else (
               select m.sequence_number from messages m
                where m.conversation_id = p.conversation_id and m.seq <= coalesce((
                        select e.seq from events e
                         where e.stream_id = p.conversation_id and e.xid < $3::xid8 order by e.seq desc limit 1), 0)
                order by m.sequence_number desc limit 1) end as number) n
    where p.user_id = $1 and p.left_seq is null and ($2::uuid[] is null or p.conversation_id = any($2::uuid[]))
      and ${MAY_BE_UNREAD} and n.number > least(p.last_read_number, p.unread_from_number - 1)`,
);

const SET_UNREAD_FROM = statement<unknown>(
  'unread.set_from',
  `update participants set unread_from_number = $3
    where conversation_id = $1 and user_id = $2 and last_read_number >= $3`,
);

/**
 * Owns: of participants the number from which a conversation is marked as unread. Reads: participants, conversations,
 * conversation_receipts, conversation_types, messages, hidden_messages, message_mentions, threads, thread_followers,
 * events, users, stream_heads,
 * retention_marks.
 */
@Injectable()
export class UnreadRepository {
  constructor(private readonly sql: Sql) {}

  /** The totals of these users; without users who do not exist or are deleted. */
  totals(userIds: readonly string[], externalIds: readonly string[] = []): Promise<UnreadTotalsRow[]> {
    return this.sql.many(TOTALS, [userIds, externalIds]);
  }

  /** What is unread in conversations of several users; without conversations of which the user is no participant. */
  states(pairs: readonly { userId: string; conversationId: string }[]): Promise<UnreadStateRow[]> {
    return this.sql.many(STATES, [pairs.map(({ userId }) => userId), pairs.map((pair) => pair.conversationId)]);
  }

  /** The read state of the user's conversations, the most recently active first. */
  findReadStates(userId: string, limit: number): Promise<ReadStateRow[]> {
    return this.sql.many(READ_STATES, [userId, limit]);
  }

  /**
   * Which conversations of a user have unread messages, of these or of all, and up to which number they can be read.
   */
  findToRead(
    userId: string,
    { conversationIds, watermark }: { conversationIds?: readonly string[]; watermark?: string },
  ): Promise<{ conversation_id: string; number: number }[]> {
    return this.sql.many(TO_READ, [userId, conversationIds ?? null, watermark ?? null]);
  }

  /** Marks a conversation as unread from a message on; without effect if the message is unread. */
  async setUnreadFrom(tx: Queryable, conversationId: string, userId: string, number: number): Promise<boolean> {
    return (await tx.run(SET_UNREAD_FROM, [conversationId, userId, number])) > 0;
  }
}
