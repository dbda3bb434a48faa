import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { UnreadRemindersRepository } from './unread-reminders.repository.js';

const MINUTE_MS = 60_000;
/** A message older than this at the first run, or after a long outage, is not worth a reminder. */
const BACKLOG_MS = 60 * MINUTE_MS;
/** An id is made before its message is stored, and by another clock. */
const ID_MARGIN_MS = 10 * MINUTE_MS;

/**
 * Reminds webhooks of users who have had unread messages for `UNREAD_REMINDER_MINUTES` and are offline. Every minute it
 * looks at the messages that have just become that old: by their ids, which begin with their time, so that it needs no
 * index of its own and sends pay nothing.
 */
@Injectable()
export class UnreadRemindersTask {
  constructor(
    private readonly repository: UnreadRemindersRepository,
    private readonly config: Config,
  ) {}

  @ScheduledTask({ name: 'unread-reminders', everyMs: MINUTE_MS })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    const { unreadReminderMinutes: minutes } = this.config;
    if (minutes === 0 || isDryRun || !(await this.repository.isWanted())) return { reminders: 0 };
    const to = new Date(Date.now() - minutes * MINUTE_MS);
    const reminders = await this.repository.transaction(async (tx) => {
      const scannedUntil = (await this.repository.scannedUntil(tx)) ?? new Date(to.getTime() - MINUTE_MS);
      const from = new Date(Math.max(scannedUntil.getTime(), to.getTime() - BACKLOG_MS));
      if (from >= to) return 0;
      await this.repository.advance(tx, to);
      const firstId = firstIdAt(from.getTime() - ID_MARGIN_MS);
      return this.repository.remind(tx, { from, to, firstId, lastId: firstIdAt(to.getTime() + ID_MARGIN_MS) });
    });
    return { reminders };
  }
}

/** The lowest id (UUIDv7, RFC 9562) that is made at this time. */
function firstIdAt(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
