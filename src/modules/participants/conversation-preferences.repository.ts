import { Injectable } from '@nestjs/common';
import { statement, type Queryable } from '../../platform/database/sql.js';
import type { PreferencesRow } from './participants.dto.js';

const MEMBERSHIP_METADATA = statement<{ metadata: Record<string, unknown> | null }>(
  'participants.membership_metadata',
  `select metadata from participants where conversation_id = $1 and user_id = $2`,
);

const SET_PREFERENCES = statement<PreferencesRow>(
  'participants.set_flags',
  `update participants
      set is_archived = coalesce($3, is_archived), is_pinned = coalesce($4, is_pinned),
          is_silenced = coalesce($5, is_silenced),
          silenced_until = case when $6::boolean then $7 when $5 is not null then null else silenced_until end,
          metadata = coalesce($8::jsonb, metadata),
          hidden_at_number = case when $9::boolean is null then hidden_at_number when $9 then $10::bigint end
    where conversation_id = $1 and user_id = $2
   returning is_archived, is_silenced, silenced_until, is_pinned, metadata,
             coalesce(hidden_at_number >= $10, false) as is_hidden, hidden_at_number`,
);

/** Owns: of participants the preferences and their own data. Always called under the lock of the conversation. */
@Injectable()
export class ConversationPreferencesRepository {
  /** A participant's own data for the conversation. */
  async findMetadata(tx: Queryable, conversationId: string, userId: string): Promise<Record<string, unknown>> {
    return (await tx.one(MEMBERSHIP_METADATA, [conversationId, userId]))?.metadata ?? {};
  }

  /** `lastNumber` is that of the newest message: a conversation is hidden as long as it is. */
  async setPreferences(
    tx: Queryable,
    { conversationId, userId, lastNumber }: { conversationId: string; userId: string; lastNumber: number },
    preferences: {
      isArchived?: boolean;
      isPinned?: boolean;
      isSilenced?: boolean;
      silencedUntil?: Date | null;
      isHidden?: boolean;
      metadata?: object;
    },
  ): Promise<PreferencesRow> {
    const { isArchived = null, isPinned = null, isSilenced = null, silencedUntil, metadata, isHidden } = preferences;
    const json = metadata === undefined ? null : JSON.stringify(metadata);
    const values = [
      isArchived,
      isPinned,
      isSilenced,
      silencedUntil !== undefined,
      silencedUntil ?? null,
      json,
      isHidden ?? null,
    ];
    return (await tx.one(SET_PREFERENCES, [conversationId, userId, ...values, lastNumber]))!;
  }
}
