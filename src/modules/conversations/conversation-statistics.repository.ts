import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';

const RECENT = 10;

/** Times in `recent` are text: it is made by `json_agg`. */
export interface StatisticsRow {
  readonly conversations: number;
  readonly messages: number;
  readonly unread: number;
  readonly recent: { conversation_id: string; last_message_at: string; unread_count: number }[] | null;
}

/** Reads stream heads, marks and the index of tombstones, but no messages. */
const OF_USER = statement<StatisticsRow>(
  'conversations.statistics',
  `with mine as materialized (
     select c.id, h.last_number, greatest(h.last_number_at, p.last_limited_at) as last_number_at,
            unread_messages(p, h.last_number, c.settings) as unread
       from participants p
       join conversations c on c.id = p.conversation_id and c.deleted_at is null
       join stream_heads h on h.stream_id = c.id
      where p.user_id = $1 and p.left_seq is null
   )
   select count(*) as conversations, coalesce(sum(last_number), 0)::bigint as messages,
          coalesce(sum(unread), 0)::bigint as unread,
          (select json_agg(json_build_object('conversation_id', r.id, 'last_message_at', r.last_number_at,
                                             'unread_count', r.unread) order by r.last_number_at desc, r.id)
             from (select * from mine where last_number_at is not null
                    order by last_number_at desc, id limit ${RECENT}) r) as recent
     from mine`,
);

/** Owns: nothing. Reads: participants, conversations, stream_heads, messages, retention_marks. */
@Injectable()
export class ConversationStatisticsRepository {
  constructor(private readonly sql: Sql) {}

  async ofUser(userId: string): Promise<StatisticsRow> {
    return (await this.sql.one(OF_USER, [userId]))!;
  }
}
