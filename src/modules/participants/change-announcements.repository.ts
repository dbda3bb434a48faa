import { Injectable } from '@nestjs/common';
import { statement, type Queryable } from '../../platform/database/sql.js';

/** The user in whose name a change is announced. */
export interface AnnouncingUser {
  readonly display_name: string;
  readonly is_shadowed: boolean;
}

const SENDER = statement<AnnouncingUser>(
  'participants.sender_of_announcement',
  `select u.display_name, user_is_banned(u.shadow_banned_at, u.shadow_banned_until) as is_shadowed
     from conversations c
     join users u on u.id = $2
     left join conversation_types t on t.name = coalesce(c.type_name, c.type)
    where c.id = $1 and c.settings -> 'system_messages' = 'true'
      and t.settings -> 'system_messages' is distinct from 'false'
      and not ($3 and 'false' in (coalesce(c.settings ->> 'member_events', ''), coalesce(t.settings ->> 'member_events', '')))`,
);

/** Owns: nothing. Reads: conversations, conversation_types, users. */
@Injectable()
export class ChangeAnnouncementsRepository {
  /** The user who announces a change; undefined if the conversation announces none, or none of its members. */
  findSender(
    tx: Queryable,
    { conversationId, userId, isOfMember }: { conversationId: string; userId: string; isOfMember: boolean },
  ): Promise<AnnouncingUser | undefined> {
    return tx.one(SENDER, [conversationId, userId, isOfMember]);
  }
}
