import { Injectable } from '@nestjs/common';
import { statement, type Queryable } from '../../platform/database/sql.js';
import { type StreamAccess, StreamAccessReader } from '../../platform/realtime/fan-out/stream-access.js';
import { isGuest } from '../users/guest.constants.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';

interface StreamAccessRow {
  stream_id: string;
  last_seq: number;
  since_seq: number;
  until_seq: number | null;
  hidden_up_to_number: number;
}

const CURRENT = statement<StreamAccessRow>(
  'entitlements.current',
  `select h.stream_id, h.last_seq, p.joined_seq as since_seq, null::bigint as until_seq, p.hidden_up_to_number
     from participants p
     join conversations c on c.id = p.conversation_id and c.deleted_at is null
     join stream_heads h on h.stream_id = p.conversation_id
    where p.user_id = $1 and p.left_seq is null`,
);

/**
 * Skips conversations that the user left, or that were deleted, before the watermark: a deleted one by the xid of the
 * stream head, one that was left by the xid of the event of leaving.
 */
const SINCE = statement<StreamAccessRow>(
  'entitlements.since',
  `select h.stream_id, h.last_seq, p.joined_seq as since_seq,
          coalesce(p.left_seq, case when c.deleted_at is not null then h.last_seq end) as until_seq,
          p.hidden_up_to_number
     from participants p
     join conversations c on c.id = p.conversation_id
     join stream_heads h on h.stream_id = p.conversation_id
    where p.user_id = $1
      and (p.left_seq is null or exists (
            select from events e
             where e.stream_id = p.conversation_id and e.seq = p.left_seq and e.xid >= $2::xid8))
      and (c.deleted_at is null or h.last_xid >= $2::xid8)`,
);

/** A guest receives this many rooms at most, the most recently active. */
const GUEST_ROOMS = 200;

const OF_GUESTS = statement<StreamAccessRow>(
  'entitlements.of_guests',
  `select h.stream_id, h.last_seq, 0::bigint as since_seq, null::bigint as until_seq, 0::bigint as hidden_up_to_number
     from conversations c
     join stream_heads h on h.stream_id = c.id
    where c.type = 'room' and c.deleted_at is null and coalesce((c.settings ->> 'is_private')::boolean, false) = false
    order by h.last_number_at desc nulls last, c.id limit ${GUEST_ROOMS}`,
);

const OF_STREAMS = statement<StreamAccessRow>(
  'entitlements.of_streams',
  `select h.stream_id, h.last_seq, 0::bigint as since_seq, null::bigint as until_seq, 0::bigint as hidden_up_to_number
     from conversations c
     join stream_heads h on h.stream_id = c.id
    where c.id = any($1::uuid[]) and c.deleted_at is null`,
);

/** Owns: nothing. Reads: participants, conversations, stream_heads, events. */
@Injectable()
export class StreamAccessRepository extends StreamAccessReader {
  override async current(tx: Queryable, userId: string): Promise<StreamAccess[]> {
    const rows = isGuest({ userId }) ? tx.many(OF_GUESTS) : tx.many(CURRENT, [userId]);
    return (await rows).map(toStreamAccess);
  }

  override async since(
    tx: Queryable,
    userId: string,
    watermark: string,
    among: readonly string[] = [],
  ): Promise<StreamAccess[]> {
    if (isGuest({ userId })) return this.current(tx, userId);
    if (userId === SYSTEM_USER_ID) return this.ofStreams(tx, among);
    return (await tx.many(SINCE, [userId, watermark])).map(toStreamAccess);
  }

  override async ofStreams(tx: Queryable, streamIds: readonly string[]): Promise<StreamAccess[]> {
    return (await tx.many(OF_STREAMS, [[...streamIds]])).map(toStreamAccess);
  }
}

function toStreamAccess(row: StreamAccessRow): StreamAccess {
  return {
    streamId: row.stream_id,
    lastSeq: row.last_seq,
    fromSeq: row.since_seq,
    toSeq: row.until_seq,
    hiddenUpTo: row.hidden_up_to_number,
  };
}
