import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import type { MessageRow } from './message-presenter.js';
import { MESSAGE_COLUMNS, MESSAGE_JOINS } from './messages.repository.js';

const OWN_CONVERSATIONS = `participants p join conversations c on c.id = p.conversation_id and c.deleted_at is null`;
const MARK = `least(p.last_read_number, p.unread_from_number - 1)`;
/** Whether the participant `p` has deleted the message for themselves; looked up only if they have deleted any. */
const isHidden = (id: string): string =>
  `p.has_hidden_messages and exists (select from hidden_messages x where x.user_id = $1 and x.message_id = ${id})`;

/**
 * Messages that name the user or were sent to those online have a row for the user. Messages to all are found by an
 * index in each of the user's conversations, from when the user joined.
 */
const PAGE = statement<MessageRow>(
  'mentions.page',
  `select ${MESSAGE_COLUMNS}, reader.hidden_up_to_number
     from (select found.id
             from ((select r.message_id as id
                      from message_mentions r
                      join ${OWN_CONVERSATIONS} on p.conversation_id = r.conversation_id and p.user_id = r.user_id
                     where r.user_id = $1 and p.left_seq is null and ($2::uuid is null or r.message_id < $2)
                       and r.sequence_number > p.hidden_up_to_number and not (${isHidden('r.message_id')})
                       and ($4::boolean is not true or case
                              when r.thread_root_id is null then r.sequence_number > ${MARK}
                              else exists (select from thread_followers f
                                            where f.user_id = $1 and f.root_id = r.thread_root_id and f.is_following
                                              and f.last_read_number < r.sequence_number) end)
                     order by r.message_id desc limit $3)
                   union
                   (select f.id
                      from ${OWN_CONVERSATIONS}
                     cross join lateral (
                       select m.id from messages m
                        where m.conversation_id = p.conversation_id and m.mention_scope = 'all' and m.deleted_at is null
                          and m.sender_id <> $1 and m.seq >= p.joined_seq and is_in_audience(m.audience, m.sender_id, $1)
                          and m.sequence_number > p.hidden_up_to_number and not (${isHidden('m.id')}) and ($2::uuid is null or m.id < $2)
                          and ($4::boolean is not true or m.sequence_number > ${MARK})
                        order by m.id desc limit $3) f
                     where p.user_id = $1 and p.left_seq is null
                     order by f.id desc limit $3)) found
            order by found.id desc limit $3) chosen
     join messages m on m.id = chosen.id ${MESSAGE_JOINS}
     join participants reader on reader.conversation_id = m.conversation_id and reader.user_id = $1
    order by m.id desc`,
);

/**
 * Owns: nothing. Reads: messages and what is joined to them, message_mentions, thread_followers, participants,
 * conversations, hidden_messages.
 */
@Injectable()
export class MentionsRepository {
  constructor(private readonly sql: Sql) {}

  /** Messages that mention the user, in conversations in which they are a participant now, the newest first. */
  page(
    userId: string,
    { before, isUnread, limit }: { before?: string; isUnread?: boolean; limit: number },
  ): Promise<MessageRow[]> {
    return this.sql.many(PAGE, [userId, before ?? null, limit, isUnread ?? null]);
  }
}
