import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { StoredSettings } from './conversation-settings.constants.js';
import type { ConversationType } from './participant-roles.js';

/** A user to be added: their account, and their relation to the actor and to the conversation. */
export interface CandidateRow {
  user_id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
  is_banned: boolean;
  is_blocked: boolean;
  /** Banned from this conversation. */
  is_banned_here: boolean;
  /** Can only be invited to this conversation. */
  requires_invitation: boolean;
  is_member: boolean;
  /** Still applies after leaving and joining again. */
  is_muted: boolean;
  muted_until: Date | null;
  left_seq: number | null;
  /** Of an earlier membership; 0 without one. */
  hidden_up_to_number: number;
}

const FIND_CANDIDATES = statement<CandidateRow>(
  'participants.newcomers',
  `select u.id as user_id, u.username, u.display_name, u.avatar_url,
          user_is_banned(u.banned_at, u.banned_until) as is_banned,
          exists (select from user_blocks b
                   where (b.blocker_id = u.id and b.blocked_id = $3) or (b.blocker_id = $3 and b.blocked_id = u.id)) as is_blocked,
          exists (select from conversation_bans b
                   where b.conversation_id = $1 and b.user_id = u.id
                     and (b.banned_until is null or b.banned_until > now())) as is_banned_here,
          exists (select from invitation_settings s join conversations c on c.id = $1 and c.type <> 'direct'
                   where s.user_id = u.id) as requires_invitation,
          p.user_id is not null and p.left_seq is null as is_member,
          coalesce(participant_is_muted(p.is_muted, p.muted_until), false) as is_muted, p.muted_until, p.left_seq,
          coalesce(p.hidden_up_to_number, 0) as hidden_up_to_number
     from users u
     left join participants p on p.conversation_id = $1 and p.user_id = u.id
    where u.id = any($2::uuid[]) and u.deleted_at is null`,
);

/** The conversation that users are to be added to: the number of its participants, and its settings. */
export interface DestinationRow {
  readonly count: number;
  readonly type: ConversationType;
  readonly settings: StoredSettings;
  /** Of the conversation type. */
  readonly type_settings: StoredSettings | null;
}

const DESTINATION = statement<DestinationRow>(
  'participants.destination',
  `select coalesce(c.counted_participants, (
            select count(*) from participants where conversation_id = $1 and left_seq is null)) as count,
          c.type, c.settings, t.settings as type_settings
     from conversations c
     left join conversation_types t on t.name = coalesce(c.type_name, c.type)
    where c.id = $1`,
);

/** The number up to which new participants see no messages, by the settings of the conversation. */
const FIRST_HIDDEN = statement<{ number: number }>(
  'participants.hidden_to_new',
  `select greatest((select t.up_to_number from truncations t where t.conversation_id = c.id), case c.settings ->> 'history_visibility'
            when 'since_join' then $2::bigint
            when 'since_date' then case when c.settings ->> 'history_since' is null then $2 else message_number_at(
              c.id, floor(extract(epoch from (c.settings ->> 'history_since')::timestamptz) * 1000)::bigint) - 1 end
            else 0 end) as number
     from conversations c where c.id = $1`,
);

/**
 * Users who are to be added, and the conversation that receives them. Owns: nothing. Reads: users, user_blocks, conversation_bans,
 * participants, conversations, conversation_types, invitation_settings.
 */
@Injectable()
export class CandidatesRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns the users of these ids that exist; `actorId` is the user who adds them. */
  find(tx: Queryable, conversationId: string, userIds: string[], actorId: string): Promise<CandidateRow[]> {
    return tx.many(FIND_CANDIDATES, [conversationId, userIds, actorId]);
  }

  /** The conversation exists. */
  async findDestination(tx: Queryable, conversationId: string): Promise<DestinationRow> {
    return (await tx.one(DESTINATION, [conversationId]))!;
  }

  /** The number up to which users who join now see no messages, by the settings. */
  async hiddenToNewParticipants(tx: Queryable, conversationId: string, lastNumber: number): Promise<number> {
    return (await tx.one(FIRST_HIDDEN, [conversationId, lastNumber]))?.number ?? 0;
  }
}
