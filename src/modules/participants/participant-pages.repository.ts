import { Injectable } from '@nestjs/common';
import { Sql, statement, type Statement } from '../../platform/database/sql.js';
import type { ParticipantRole } from './participant-roles.js';
import { PARTICIPANT_COLUMNS, type ParticipantRow } from './participants.repository.js';

const ORDER_RANK = `array_position(array['owner', 'admin', 'moderator', 'participant'], p.role)`;

type PageRow = ParticipantRow & { at_seq: number; order_rank: number; joined_ms: number };

/** Reads participants_order_idx from the cursor on; a page of one role is a range of it, too. */
const page = (name: string, condition: string): Statement<PageRow> =>
  statement(
    name,
    `select ${PARTICIPANT_COLUMNS}, ${ORDER_RANK} as order_rank,
            floor(extract(epoch from p.joined_at) * 1000)::bigint as joined_ms,
            (select last_seq from stream_heads where stream_id = $1) as at_seq
       from participants p
       join users u on u.id = p.user_id
      where p.conversation_id = $1 and p.left_seq is null and ${condition}
        and (${ORDER_RANK}, p.joined_at, p.user_id) > ($3::int, $4::timestamptz, $5::uuid)
      order by ${ORDER_RANK}, p.joined_at, p.user_id
      limit $6`,
  );

const PAGE = page('participants.page', '$2::text is null');
const PAGE_OF_ROLE = page(
  'participants.page_of_role',
  `${ORDER_RANK} = array_position(array['owner', 'admin', 'moderator', 'participant'], $2::text)`,
);

/** Before all users. */
const NO_USER = '00000000-0000-0000-0000-000000000000';

/** A position in the order of the list: by role, then by time of joining. */
export type ListCursor = readonly [rank: number, joinedMs: number, userId: string];

/** Pages of participants. Owns: nothing. Reads: participants, users, stream_heads. */
@Injectable()
export class ParticipantPagesRepository {
  constructor(private readonly sql: Sql) {}

  page(
    conversationId: string,
    { role, after, limit }: { role?: ParticipantRole; after?: ListCursor; limit: number },
  ): Promise<PageRow[]> {
    const [rank, joinedMs, userId] = after ?? [0, 0, NO_USER];
    const values = [conversationId, role ?? null, rank, new Date(joinedMs), userId, limit];
    return this.sql.many(role === undefined ? PAGE : PAGE_OF_ROLE, values);
  }
}
