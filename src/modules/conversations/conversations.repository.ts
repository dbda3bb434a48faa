import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import { foldName } from '../../platform/text-search/fold.js';
import type { ConversationType } from '../participants/participants.dto.js';
import {
  type ConversationRow,
  SUMMARY,
  COUNT,
  type SummaryRow,
  WITH_VIEWER_STATE,
  withDetails,
} from './conversation-rows.js';
import { LegalHold } from './conversations.errors.js';

const FIND = statement<ConversationRow>(
  'conversations.find',
  `with selected as materialized (
     ${WITH_VIEWER_STATE}
     left join participants p on p.conversation_id = c.id and p.user_id = $1 and p.left_seq is null
    where c.id = $2 and c.deleted_at is null
   )
   ${withDetails('$3 or c.role is not null')}`,
);

const SUMMARIES = statement<SummaryRow>(
  'conversations.summaries',
  `select ${SUMMARY}, ${COUNT} from conversations c where c.id = any($1::uuid[]) and c.deleted_at is null`,
);

const SHARE_CONVERSATION = statement<{ is_shared: boolean }>(
  'conversations.share',
  `select exists (
     select from participants mine
       join participants other on other.conversation_id = mine.conversation_id and other.user_id = $2
       join conversations c on c.id = mine.conversation_id and c.deleted_at is null
      where mine.user_id = $1 and mine.left_seq is null and other.left_seq is null) as is_shared`,
);

const DIRECT = statement<{ id: string }>(
  'conversations.direct',
  `select id from conversations where direct_key = $1 and deleted_at is null`,
);

const BY_EXTERNAL_ID = statement<{ id: string }>(
  'conversations.by_external_id',
  `select id from conversations where external_id = $1 and deleted_at is null`,
);

const METADATA = statement<{ metadata: Record<string, unknown> }>(
  'conversations.metadata',
  `select metadata from conversations where id = $1`,
);

const INSERT = statement<{ id: string }>(
  'conversations.insert',
  `insert into conversations (id, type, title, description, slug, category, direct_key, created_by, settings, created_at, updated_at,
                              folded_title, external_id, picture, metadata, type_name, counted_participants)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15, 0)
       on conflict do nothing
   returning id`,
);

const UPDATE = statement<{ is_retitled: boolean }>(
  'conversations.update',
  `update conversations
      set title = case when $2::boolean then $3 else title end,
          folded_title = case when $2::boolean then $7 else folded_title end, description = coalesce($4, description),
          settings = settings || $5::jsonb, updated_at = $6,
          picture = case when $8::boolean then $9 else picture end, metadata = coalesce($10::jsonb, metadata)
    where id = $1
   returning (select before.title from conversations before where before.id = $1) is distinct from title as is_retitled`,
);

const IS_HELD = statement<{ is_held: boolean }>('conversations.is_held', `select under_legal_hold($1) as is_held`);

/** The slug, the external id and the direct key (of the two users) of a deleted conversation can be used again. */
const DELETE = statement<unknown>(
  'conversations.delete',
  `update conversations
      set deleted_at = $2, updated_at = $2, slug = null, external_id = null, picture = null, metadata = '{}',
          direct_key = case when direct_key is not null then 'deleted:' || id end
    where id = $1`,
);

const PARTICIPANT_IDS = statement<{ user_id: string }>(
  'conversations.participant_ids',
  `select user_id from participants where conversation_id = $1 and left_seq is null`,
);

export interface NewConversation {
  readonly id: string;
  readonly type: ConversationType;
  /** null: the conversation type with the name of the type. */
  readonly typeName: string | null;
  readonly title: string | null;
  readonly description: string;
  readonly slug: string | null;
  readonly category: string | null;
  readonly directKey: string | null;
  readonly createdBy: string | null;
  readonly settings: object;
  readonly externalId: string | null;
  readonly picture: string | null;
  readonly metadata: object;
}

/**
 * Owns: conversations. Reads: conversation_types, participants, user_blocks, users, messages, hidden_messages,
 * message_mentions, stream_heads,
 * retention_marks.
 */
@Injectable()
export class ConversationsRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * As this user may see it: without messages and participants if the user is not a participant, unless they see all.
   */
  find(userId: string, conversationId: string, seesAll: boolean): Promise<ConversationRow | undefined> {
    return this.sql.one(FIND, [userId, conversationId, seesAll]);
  }

  async findSummaries(ids: string[], tx: Queryable = this.sql): Promise<Map<string, SummaryRow>> {
    const rows = ids.length > 0 ? await tx.many(SUMMARIES, [[...new Set(ids)]]) : [];
    return new Map(rows.map((row) => [row.id, row]));
  }

  async findDirect(directKey: string): Promise<string | undefined> {
    return (await this.sql.one(DIRECT, [directKey]))?.id;
  }

  async findByExternalId(externalId: string): Promise<string | undefined> {
    return (await this.sql.one(BY_EXTERNAL_ID, [externalId]))?.id;
  }

  /** The data of the host, under the lock of the conversation. */
  async findMetadata(tx: Queryable, id: string): Promise<Record<string, unknown>> {
    return (await tx.one(METADATA, [id]))?.metadata ?? {};
  }

  /** Whether the two users are both participants of a conversation now. */
  async shareConversation(userId: string, otherId: string): Promise<boolean> {
    return (await this.sql.one(SHARE_CONVERSATION, [userId, otherId]))!.is_shared;
  }

  /**
   * Returns whether the conversation was stored; false if its slug, its external id or its direct key is taken. Waits
   * for a concurrent transaction that is about to take it.
   */
  async insert(tx: Queryable, conversation: NewConversation, at: Date): Promise<boolean> {
    const { id, type, title, description, slug, category, directKey, createdBy, settings } = conversation;
    const { externalId, picture, metadata, typeName } = conversation;
    const values = [id, type, title, description, slug, category, directKey, createdBy, JSON.stringify(settings), at];
    const ofHost = [externalId, picture, JSON.stringify(metadata), typeName];
    return (await tx.one(INSERT, [...values, title === null ? null : foldName(title), ...ofHost])) !== undefined;
  }

  /** Returns whether the title is another one now. */
  async update(
    tx: Queryable,
    id: string,
    changes: {
      title?: string | null;
      description?: string;
      settings: object;
      picture?: string | null;
      metadata?: object;
      at: Date;
    },
  ): Promise<boolean> {
    const { title, description = null, settings, picture, metadata, at } = changes;
    const ofHost = [picture !== undefined, picture ?? null, metadata === undefined ? null : JSON.stringify(metadata)];
    const folded = title == null ? null : foldName(title);
    const values = [id, title !== undefined, title ?? null, description, JSON.stringify(settings), at, folded];
    return (await tx.one(UPDATE, [...values, ...ofHost]))?.is_retitled ?? false;
  }

  /** @throws LegalHold */
  async delete(tx: Queryable, id: string, at: Date): Promise<void> {
    if ((await tx.one(IS_HELD, [id]))?.is_held) throw new LegalHold();
    await tx.run(DELETE, [id, at]);
  }

  async participantIds(tx: Queryable, conversationId: string): Promise<string[]> {
    return (await tx.many(PARTICIPANT_IDS, [conversationId])).map((row) => row.user_id);
  }
}
