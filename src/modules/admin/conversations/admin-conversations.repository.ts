import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../../platform/database/sql.js';
import type { ConversationType } from '../../participants/participants.dto.js';

export interface AdminConversationRow {
  readonly id: string;
  readonly type: ConversationType;
  readonly title: string | null;
  readonly slug: string | null;
  readonly created_by: string | null;
  readonly participant_count: number;
  readonly message_count: number;
  readonly last_message_at: Date | null;
  readonly created_at: Date;
}

export interface ConversationFilter {
  readonly search?: string;
  readonly type?: ConversationType;
  /** Returns conversations older than the one with this id. */
  readonly after?: string;
  readonly limit: number;
}

const COLUMNS = `c.id, c.type, c.title, c.slug, c.created_by, h.last_number as message_count,
  h.last_number_at as last_message_at, c.created_at,
  coalesce(c.counted_participants, (
    select count(*) from participants p where p.conversation_id = c.id and p.left_seq is null)) as participant_count`;

const FILTER = `c.deleted_at is null and ($2::text is null or c.type = $2) and ($3::uuid is null or c.id < $3)`;

const PAGE = statement<AdminConversationRow>(
  'admin.conversations',
  `select ${COLUMNS} from conversations c join stream_heads h on h.stream_id = c.id
    where ${FILTER} and $1::text is null
    order by c.id desc limit $4`,
);

/**
 * The names are found by the index first. With one plan for all texts the order of the ids would win and read all rows.
 */
const SEARCH = statement<AdminConversationRow>(
  'admin.search_conversations',
  `with found as materialized (
     select id from conversations where lower(coalesce(title, '') || ' ' || coalesce(slug, '')) like '%' || $1 || '%')
   select ${COLUMNS} from found f join conversations c on c.id = f.id join stream_heads h on h.stream_id = c.id
    where ${FILTER}
    order by c.id desc limit $4`,
);

/** Reads: conversations, stream_heads, participants. */
@Injectable()
export class AdminConversationsRepository {
  constructor(private readonly sql: Sql) {}

  /** Newest first; one row more than the page has. */
  page({ search, type, after, limit }: ConversationFilter): Promise<AdminConversationRow[]> {
    const literal = search ? search.toLowerCase().replace(/[\\%_]/g, '\\$&') : null;
    return this.sql.many(literal === null ? PAGE : SEARCH, [literal, type ?? null, after ?? null, limit + 1]);
  }
}
