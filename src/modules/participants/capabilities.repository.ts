import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import type { SystemRole } from '../../platform/identity/actor.js';
import type { AccessRow } from './participants.repository.js';

/** What decides the capabilities of a participant. */
export interface CapabilityRow extends AccessRow {
  readonly conversation_id: string;
  readonly user_id: string;
  readonly system_role: SystemRole;
}

const COLUMNS = `
  p.conversation_id, p.user_id, u.role as system_role, c.type, c.created_by, c.settings,
  t.settings as type_settings, true as is_member, p.role,
  participant_is_muted(p.is_muted, p.muted_until) as is_muted,
  c.type = 'direct' and exists (
    select from participants other join user_blocks b on b.blocker_id = other.user_id and b.blocked_id = p.user_id
     where other.conversation_id = c.id) as is_blocked,
  p.joined_seq, p.last_read_number, p.last_delivered_number, p.hidden_up_to_number, p.has_hidden_messages`;

const OF_PARTICIPANTS = statement<CapabilityRow>(
  'participants.capabilities_of',
  `select ${COLUMNS}
     from participants p
     join users u on u.id = p.user_id
     join conversations c on c.id = p.conversation_id and c.deleted_at is null
     left join conversation_types t on t.name = coalesce(c.type_name, c.type)
    where p.conversation_id = $1 and p.user_id = any($2::uuid[]) and p.left_seq is null`,
);

const OF_USER = statement<CapabilityRow>(
  'participants.capabilities_on_resume',
  `select ${COLUMNS}
     from participants p
     join users u on u.id = p.user_id
     join conversations c on c.id = p.conversation_id and c.deleted_at is null
     left join conversation_types t on t.name = coalesce(c.type_name, c.type)
     join stream_heads h on h.stream_id = c.id
    where p.user_id = $1 and p.left_seq is null
    order by h.last_number_at desc nulls last, c.id limit $2`,
);

const OF_TYPE = statement<{ id: string }>(
  'participants.conversations_of_type',
  `select id from conversations where id = any($1::uuid[]) and coalesce(type_name, type) = $2 and deleted_at is null`,
);

/** Owns: nothing. Reads: participants, users, conversations, conversation_types, user_blocks, stream_heads. */
@Injectable()
export class CapabilitiesRepository {
  constructor(private readonly sql: Sql) {}

  /** Of those of these users who are participants of the conversation now. */
  ofParticipants(conversationId: string, userIds: readonly string[]): Promise<CapabilityRow[]> {
    return this.sql.many(OF_PARTICIPANTS, [conversationId, userIds]);
  }

  /** Of a user in their most recently active conversations. */
  ofUser(userId: string, limit: number): Promise<CapabilityRow[]> {
    return this.sql.many(OF_USER, [userId, limit]);
  }

  /** Those of these conversations that have this conversation type. */
  async conversationsOf(typeName: string, among: readonly string[]): Promise<string[]> {
    return (await this.sql.many(OF_TYPE, [among, typeName])).map(({ id }) => id);
  }
}
