import { Injectable } from '@nestjs/common';
import { statement, type Queryable } from '../../platform/database/sql.js';
import { type Entitlement, Entitlements } from '../../platform/realtime/entitlements.js';

interface EntitlementRow {
  stream_id: string;
  last_seq: number;
  since_seq: number;
  until_seq: number | null;
}

const CURRENT = statement<EntitlementRow>(
  'entitlements.current',
  `select h.stream_id, h.last_seq, p.joined_seq as since_seq, null::bigint as until_seq
     from participants p
     join conversations c on c.id = p.conversation_id and c.deleted_at is null
     join stream_heads h on h.stream_id = p.conversation_id
    where p.user_id = $1 and p.left_seq is null`,
);

/**
 * What was left, or deleted, before the watermark is skipped by the head's xid where nothing happened since, and for
 * what was left by the xid of the very event of leaving.
 */
const SINCE = statement<EntitlementRow>(
  'entitlements.since',
  `select h.stream_id, h.last_seq, p.joined_seq as since_seq,
          coalesce(p.left_seq, case when c.deleted_at is not null then h.last_seq end) as until_seq
     from participants p
     join conversations c on c.id = p.conversation_id
     join stream_heads h on h.stream_id = p.conversation_id
    where p.user_id = $1
      and (p.left_seq is null or exists (
            select from events e
             where e.stream_id = p.conversation_id and e.seq = p.left_seq and e.xid >= $2::xid8))
      and (c.deleted_at is null or h.last_xid >= $2::xid8)`,
);

/** Owns: nothing. Reads: participants, conversations, stream_heads, events. */
@Injectable()
export class ParticipantEntitlements extends Entitlements {
  override async current(tx: Queryable, userId: string): Promise<Entitlement[]> {
    return (await tx.many(CURRENT, [userId])).map(toEntitlement);
  }

  override async since(tx: Queryable, userId: string, watermark: string): Promise<Entitlement[]> {
    return (await tx.many(SINCE, [userId, watermark])).map(toEntitlement);
  }
}

function toEntitlement(row: EntitlementRow): Entitlement {
  return { streamId: row.stream_id, lastSeq: row.last_seq, sinceSeq: row.since_seq, untilSeq: row.until_seq };
}
