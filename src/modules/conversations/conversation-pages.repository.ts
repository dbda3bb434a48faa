import { Injectable } from '@nestjs/common';
import { Sql, statement, type Statement } from '../../platform/database/sql.js';
import type { ConversationType } from '../participants/participants.dto.js';
import {
  type ConversationRow,
  COUNT,
  IS_HIDDEN,
  LAST_ACTIVE_AT_MS,
  type PublicRoomRow,
  SUMMARY,
  WITH_VIEWER_STATE,
  withDetails,
} from './conversation-rows.js';

const PAGE = statement<ConversationRow>(
  'conversations.page',
  `with selected as materialized (
     ${WITH_VIEWER_STATE}
     join participants p on p.conversation_id = c.id and p.user_id = $1 and p.left_seq is null
    where c.deleted_at is null
      and ($2::text is null or c.type = $2)
      and ($3::boolean is null or p.is_archived = $3)
      and ${IS_HIDDEN} = $16
      and not exists (
        select from unnest($4::text[]) as wanted (name)
         where not (coalesce(c.folded_title, lower(c.title), '') like wanted.name
                    or $9::boolean and c.type <> 'room' and exists (
                         select from participants o join users u on u.id = o.user_id
                          where o.conversation_id = c.id and o.left_seq is null and o.user_id <> $1
                            and (u.username || ' ' || u.folded_name) like wanted.name)))
      and ($10::uuid is null or exists (
             select from participants o where o.conversation_id = c.id and o.user_id = $10 and o.left_seq is null))
      and ($11::jsonb is null or c.metadata @> $11)
      and ($12::boolean is null or (unread_messages(p, h.last_number, c.settings) > 0) = $12)
      and ($13::boolean is null or (unread_mentions(p, h.last_number) > 0) = $13)
      and ($5::bigint is null
           or ($14::boolean and p.is_pinned, ${LAST_ACTIVE_AT_MS}, c.id) < ($15::boolean, $5, $6::uuid))
    order by ($14::boolean and p.is_pinned) desc, ${LAST_ACTIVE_AT_MS} desc, c.id desc
    limit $7 offset $8
   )
   ${withDetails('true')}
   order by ($14::boolean and c.is_pinned) desc, c.last_active_at_ms desc, c.id desc`,
);

/** For the host's backend: the latest created first. */
const pageOfAll = (name: string, condition: string): Statement<ConversationRow> =>
  statement(
    name,
    `with selected as materialized (
       ${WITH_VIEWER_STATE}
       left join participants p on p.conversation_id = c.id and p.user_id = $1 and p.left_seq is null
      where c.deleted_at is null and ${condition}
        and ($2::text is null or c.type = $2)
        and not exists (
          select from unnest($3::text[]) as wanted (name)
           where coalesce(c.folded_title, lower(c.title), '') not like wanted.name)
        and ($4::uuid is null or c.id < $4)
      order by c.id desc
      limit $5
     )
     ${withDetails('true')}
     order by c.id desc`,
  );

const PAGE_OF_ALL = pageOfAll('conversations.page_of_all', '$6::jsonb is null');
/** The condition of conversations_metadata_idx is repeated, without which the index is not used. */
const PAGE_BY_METADATA = pageOfAll('conversations.page_by_metadata', `c.metadata <> '{}' and c.metadata @> $6::jsonb`);

const TOTAL = statement<{ total: number }>(
  'conversations.total',
  `select count(*) as total
     from participants p
     join conversations c on c.id = p.conversation_id and c.deleted_at is null
     join stream_heads h on h.stream_id = c.id
    where p.user_id = $1 and p.left_seq is null and not ${IS_HIDDEN}`,
);

const PUBLIC_ROOMS = statement<PublicRoomRow>(
  'conversations.public_rooms',
  `select ${SUMMARY}, ${COUNT},
          exists (select from participants p
                   where p.conversation_id = c.id and p.user_id = $1 and p.left_seq is null) as is_participant
     from conversations c
    where c.type = 'room' and c.deleted_at is null and coalesce((c.settings ->> 'is_private')::boolean, false) = false
      and ($2::text is null or c.category = $2)
      and ($3::text is null or coalesce(c.folded_title, lower(c.title)) like $3 or c.slug like $3)
      and ($4::timestamptz is null or (c.created_at, c.id) < ($4, $5::uuid))
    order by c.created_at desc, c.id desc
    limit $6`,
);

/** The page continues after the row with this time and id. */
export type PageCursor = readonly [millis: number, id: string];

/**
 * Pages of conversations. Owns: nothing. Reads: conversations, participants, user_blocks, users, messages, hidden_messages,
 * stream_heads.
 */
@Injectable()
export class ConversationPagesRepository {
  constructor(private readonly sql: Sql) {}

  page(
    userId: string,
    filter: {
      type?: ConversationType;
      isArchived?: boolean;
      /** Those that the user has hidden until the next message; without them when omitted. */
      isHidden?: boolean;
      /**
       * LIKE patterns for folded names; each has to match the title or, with `matchParticipants`, the name of a
       * participant.
       */
      patterns?: readonly string[];
      matchParticipants?: boolean;
      /** Another participant. */
      memberId?: string;
      metadata?: Record<string, string>;
      isUnread?: boolean;
      hasMentions?: boolean;
      /** The pinned conversations of the user come first; `afterPinned` is whether the page continues after one. */
      isPinnedFirst?: boolean;
      afterPinned?: boolean;
      after?: PageCursor;
      offset?: number;
      limit: number;
    },
  ): Promise<ConversationRow[]> {
    const [millis, id] = filter.after ?? [null, null];
    const { type = null, isArchived = null, patterns = [], matchParticipants = false, limit, offset = 0 } = filter;
    const { memberId = null, metadata = null } = filter;
    const values = [userId, type, isArchived, patterns, millis, id, limit, offset, matchParticipants];
    const {
      isUnread = null,
      hasMentions = null,
      isPinnedFirst = false,
      afterPinned = false,
      isHidden = false,
    } = filter;
    const pins = [isPinnedFirst, afterPinned];
    const more = [memberId, metadata && JSON.stringify(metadata), isUnread, hasMentions, ...pins, isHidden];
    return this.sql.many(PAGE, [...values, ...more]);
  }

  /** Every conversation, for a viewer who may read all and is in none; the latest created first. */
  pageOfAll(
    viewerId: string,
    filter: {
      type?: ConversationType;
      /** LIKE patterns for folded titles. */
      patterns: readonly string[];
      metadata?: Record<string, string>;
      after?: PageCursor;
      limit: number;
    },
  ): Promise<ConversationRow[]> {
    const { type = null, patterns, metadata, after, limit } = filter;
    const values = [viewerId, type, patterns, after?.[1] ?? null, limit];
    return metadata
      ? this.sql.many(PAGE_BY_METADATA, [...values, JSON.stringify(metadata)])
      : this.sql.many(PAGE_OF_ALL, [...values, null]);
  }

  /** The number of conversations of which the user is a participant, without hidden ones. */
  async countOf(userId: string): Promise<number> {
    return (await this.sql.one(TOTAL, [userId]))!.total;
  }

  publicRooms(
    userId: string | null,
    filter: { category?: string; text?: string; after?: PageCursor; limit: number },
  ): Promise<PublicRoomRow[]> {
    const [millis, id] = filter.after ?? [null, null];
    const { category = null, text = null, limit } = filter;
    const at = millis === null ? null : new Date(millis);
    return this.sql.many(PUBLIC_ROOMS, [userId, category, text, at, id, limit]);
  }
}
