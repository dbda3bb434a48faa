import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { MessageRow } from '../message-presenter.js';
import { MESSAGE_COLUMNS, MESSAGE_JOINS } from '../messages.repository.js';
import type { SavedMessageMarkDto } from './saved-messages.dto.js';

export interface SavedMessageRow {
  readonly message_id: string;
  readonly user_id: string;
  readonly conversation_id: string;
  readonly saved_at: Date;
  readonly remind_at: Date | null;
  readonly reminded_at: Date | null;
}

/** A reminder whose time has come. */
export interface DueReminder {
  readonly user_id: string;
  readonly message_id: string;
  readonly conversation_id: string;
  readonly due_at: Date;
  /** Whether the user may still see the message. */
  readonly is_visible: boolean;
}

const COLUMNS = `s.user_id, s.message_id, s.conversation_id, s.saved_at, s.remind_at, s.reminded_at`;

/** Whether the participant `p` still sees the message `m`. */
const IS_SHOWN = `m.sequence_number > p.hidden_up_to_number and is_in_audience(m.audience, m.sender_id, p.user_id) and not (
  p.has_hidden_messages and exists (select from hidden_messages x where x.user_id = p.user_id and x.message_id = m.id))`;

const COUNT = statement<{ count: number }>(
  'saved_messages.count',
  `select count(*)::int as count from saved_messages where user_id = $1 and message_id <> $2`,
);

/** Returns nothing if it changes nothing. */
const SAVE = statement<SavedMessageRow>(
  'saved_messages.save',
  `insert into saved_messages as s (user_id, message_id, conversation_id, saved_at, remind_at)
   values ($1, $2, $3, $4, $5)
       on conflict (user_id, message_id) do update set remind_at = excluded.remind_at
    where $6 and s.remind_at is distinct from excluded.remind_at
   returning ${COLUMNS}`,
);

const REMOVE = statement<{ conversation_id: string }>(
  'saved_messages.remove',
  `delete from saved_messages where user_id = $1 and message_id = $2 returning conversation_id`,
);

const FIND = statement<SavedMessageRow>(
  'saved_messages.find',
  `select ${COLUMNS} from saved_messages s
     join unnest($1::uuid[], $2::uuid[]) as k (user_id, message_id) using (user_id, message_id)`,
);

const PAGE = statement<SavedMessageRow & MessageRow>(
  'saved_messages.page',
  `select ${COLUMNS}, s.hidden_up_to_number, ${MESSAGE_COLUMNS}
     from (select s.*, p.hidden_up_to_number
             from saved_messages s
             join messages m on m.id = s.message_id
             join participants p on p.conversation_id = s.conversation_id and p.user_id = s.user_id and p.left_seq is null
             join conversations c on c.id = s.conversation_id and c.deleted_at is null
            where s.user_id = $1 and ${IS_SHOWN} and ($2::timestamptz is null or (s.saved_at, s.message_id) < ($2, $3))
              and ($4::boolean is not true or s.remind_at is not null)
            order by s.saved_at desc, s.message_id desc limit $5) s
     join messages m on m.id = s.message_id ${MESSAGE_JOINS}
    order by s.saved_at desc, s.message_id desc`,
);

const DUE = statement<{ user_id: string }>(
  'saved_messages.due',
  `select distinct d.user_id
     from (select user_id from saved_messages where remind_at <= now() order by remind_at limit $1) d`,
);

/** Under the locks of the users' streams, so that each is reminded once. */
const TAKE_DUE = statement<DueReminder>(
  'saved_messages.take_due',
  `with due as (
     select s.user_id, s.message_id, s.remind_at,
            m.deleted_at is null and c.deleted_at is null and p.user_id is not null and ${IS_SHOWN} as is_visible
       from saved_messages s
       join messages m on m.id = s.message_id
       join conversations c on c.id = s.conversation_id
       left join participants p on p.conversation_id = s.conversation_id and p.user_id = s.user_id and p.left_seq is null
      where s.user_id = any($1::uuid[]) and s.remind_at <= now()
      order by s.remind_at limit $2
   )
   update saved_messages s set remind_at = null, reminded_at = date_trunc('milliseconds', now())
     from due d where s.user_id = d.user_id and s.message_id = d.message_id
   returning s.user_id, s.message_id, s.conversation_id, d.remind_at as due_at, d.is_visible`,
);

const DELETE_OF = statement<unknown>('saved_messages.delete_of', `delete from saved_messages where user_id = $1`);

/**
 * Owns: saved_messages. Reads: messages and what is joined to them, participants, conversations,
 * hidden_messages.
 */
@Injectable()
export class SavedMessagesRepository {
  constructor(private readonly sql: Sql) {}

  /** The messages that the user has saved besides this one. */
  async countOthers(tx: Queryable, userId: string, messageId: string): Promise<number> {
    return (await tx.one(COUNT, [userId, messageId]))!.count;
  }

  /** An undefined `remindAt` leaves the reminder as it is. Returns undefined if nothing has changed. */
  save(
    tx: Queryable,
    { userId, messageId, conversationId }: { userId: string; messageId: string; conversationId: string },
    { at, remindAt }: { at: Date; remindAt: Date | null | undefined },
  ): Promise<SavedMessageRow | undefined> {
    return tx.one(SAVE, [userId, messageId, conversationId, at, remindAt ?? null, remindAt !== undefined]);
  }

  /** Returns the conversation of the message; undefined if the user had not saved it. */
  async remove(tx: Queryable, userId: string, messageId: string): Promise<string | undefined> {
    return (await tx.one(REMOVE, [userId, messageId]))?.conversation_id;
  }

  find(
    keys: readonly { readonly userId: string; readonly messageId: string }[],
    tx: Queryable = this.sql,
  ): Promise<SavedMessageRow[]> {
    return tx.many(FIND, [keys.map(({ userId }) => userId), keys.map(({ messageId }) => messageId)]);
  }

  /** Of the conversations in which the user is a participant now, the latest saved first. */
  page(
    userId: string,
    { before, withReminder, limit }: { before?: readonly [Date, string]; withReminder?: boolean; limit: number },
  ): Promise<(SavedMessageRow & MessageRow)[]> {
    const [time = null, id = null] = before ?? [];
    return this.sql.many(PAGE, [userId, time, id, withReminder ?? null, limit]);
  }

  /** Users with the earliest of the reminders whose time has come. */
  async findDueUsers(limit: number): Promise<string[]> {
    return (await this.sql.many(DUE, [limit])).map(({ user_id }) => user_id);
  }

  /** Marks up to `limit` due reminders of these users as given, and returns them. */
  takeDue(tx: Queryable, userIds: readonly string[], limit: number): Promise<DueReminder[]> {
    return tx.many(TAKE_DUE, [userIds, limit]);
  }

  async deleteAllOf(userId: string): Promise<void> {
    await this.sql.run(DELETE_OF, [userId]);
  }
}

export function presentMark(row: SavedMessageRow): SavedMessageMarkDto {
  return {
    message_id: row.message_id,
    conversation_id: row.conversation_id,
    saved_at: row.saved_at.toISOString(),
    remind_at: row.remind_at?.toISOString() ?? null,
    reminded_at: row.reminded_at?.toISOString() ?? null,
  };
}
