import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import { USER_UNREAD_REMINDER } from './messages.events.js';

/** Messages that were sent after `from` and up to `to`. Their ids are made within minutes of that. */
export interface ReminderWindow {
  readonly from: Date;
  readonly to: Date;
  readonly firstId: string;
  readonly lastId: string;
}

const SCANNED_UNTIL = statement<{ scanned_until: Date }>(
  'reminders.scanned_until',
  `select scanned_until from unread_reminder_progress for update`,
);

const ADVANCE = statement<unknown>(
  'reminders.advance',
  `insert into unread_reminder_progress (scanned_until) values ($1)
       on conflict (is_only) do update set scanned_until = excluded.scanned_until`,
);

const IS_WANTED = statement<{ is_wanted: boolean }>(
  'reminders.is_wanted',
  `select exists (select from outbox_interests where type = '${USER_UNREAD_REMINDER}') as is_wanted`,
);

/** In larger conversations a message is not addressed to each participant. */
const PARTICIPANTS_MAX = 1000;
const CONVERSATION_IDS_MAX = 20;

/**
 * Finds the users who have not read a message of the window and are offline. One who was reminded is reminded again
 * only after they have come back.
 */
const REMIND = statement<{ count: number }>(
  'reminders.remind',
  `with due as materialized (
     select m.conversation_id, m.audience, max(m.sequence_number) as number, min(m.created_at) as since
       from messages m join conversations c on c.id = m.conversation_id and c.deleted_at is null
      where m.id between $3 and $4 and m.created_at > $1 and m.created_at <= $2
        and m.deleted_at is null and m.message_type <> 'system' and not m.skips_push
        and (select count(*) from (select from participants p where p.conversation_id = m.conversation_id
                                      and p.left_seq is null limit ${PARTICIPANTS_MAX + 1}) n) <= ${PARTICIPANTS_MAX}
      group by m.conversation_id, m.audience
   ), unread as materialized (
     select s.user_id, min(s.since) as since, count(*) as conversation_count,
            (array_agg(s.conversation_id order by s.since))[1:${CONVERSATION_IDS_MAX}] as conversation_ids
       from (select p.user_id, d.conversation_id, min(d.since) as since
       from due d
       join participants p on p.conversation_id = d.conversation_id and p.left_seq is null
                          and (d.audience is null or p.user_id = any (d.audience))
                          and greatest(p.last_read_number, p.hidden_up_to_number) < d.number and not p.is_archived
                          and not (p.is_silenced and coalesce(p.silenced_until > now(), true))
       join users u on u.id = p.user_id and u.deleted_at is null and not user_is_banned(u.banned_at, u.banned_until)
      where not exists (select from presence_leases l where l.user_id = p.user_id and l.expires_at > now())
      group by p.user_id, d.conversation_id) s
      group by s.user_id
   ), reminded as (
     insert into unread_reminders as r (user_id, reminded_at) select user_id, now() from unread
         on conflict (user_id) do update set reminded_at = excluded.reminded_at
      where exists (select from presence_settings s where s.user_id = r.user_id and s.last_seen > r.reminded_at)
         or exists (select from participants p where p.user_id = r.user_id and p.marked_at > r.reminded_at)
     returning user_id
   )
   select count(*) filter (where outbox_write('${USER_UNREAD_REMINDER}', u.user_id, u.user_id, jsonb_build_object(
            'since', to_char(u.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'conversation_count', u.conversation_count, 'conversation_ids', u.conversation_ids))) as count
     from unread u join reminded using (user_id)`,
);

/**
 * Owns: unread_reminders, unread_reminder_progress. Reads: messages, conversations, participants, users,
 * presence_leases, presence_settings, outbox_interests.
 */
@Injectable()
export class UnreadRemindersRepository {
  constructor(private readonly sql: Sql) {}

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }

  /** Whether a webhook subscribes to reminders. */
  async isWanted(): Promise<boolean> {
    return (await this.sql.one(IS_WANTED))!.is_wanted;
  }

  /** Undefined before the first run; locks the progress. */
  async scannedUntil(tx: Queryable): Promise<Date | undefined> {
    return (await tx.one(SCANNED_UNTIL))?.scanned_until;
  }

  async advance(tx: Queryable, to: Date): Promise<void> {
    await tx.run(ADVANCE, [to]);
  }

  /** Writes the reminders to the outbox. Returns how many. */
  async remind(tx: Queryable, { from, to, firstId, lastId }: ReminderWindow): Promise<number> {
    return (await tx.one(REMIND, [from, to, firstId, lastId]))!.count;
  }
}
