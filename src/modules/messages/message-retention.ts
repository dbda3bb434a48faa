import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { inBatches, ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { ThreadEvents } from './thread-events.js';
import { MESSAGE_DELETED } from './messages.events.js';
import { MessageRetentionRepository, type RetentionDays } from './message-retention.repository.js';
import { type CompactableTable, TableCompactor } from '../../platform/database/table-compactor.js';

/** Messages emptied under one lock of a conversation: other writers wait no longer than for a large send. */
const BATCH_SIZE = 100;
const CONVERSATIONS_PER_PAGE = 2000;
const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Removes messages that are older than the retention of their conversation (`settings.message_retention_days`), or else
 * of direct conversations or of the installation, and all messages of conversations that were deleted long enough ago.
 * What a legal hold covers stays. Each message leaves a tombstone, with a `message.deleted` of the server, as if a user
 * had deleted it; in a deleted conversation, which no user reads, without the event. Text, versions, reactions and
 * metadata are deleted from the tables at once. New rows reuse their space, and once a day `MessageTableCompaction`
 * returns it to the disk. Attached files are detached, and the cleanup of files removes them.
 */
@Injectable()
export class MessageRetention {
  private readonly days: RetentionDays;

  constructor(
    private readonly repository: MessageRetentionRepository,
    private readonly log: EventLog,
    private readonly threads: ThreadEvents,
    config: Config,
  ) {
    const { messageRetentionDays: all, directMessageRetentionDays: direct } = config;
    this.days = { all, direct, deleted: config.deletedConversationRetentionDays };
  }

  @ScheduledTask({ name: 'message-retention', everyMs: 15 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return this.repository.count(this.days);
    let [messages, conversations, after] = [0, 0, NO_ID];
    for (;;) {
      const { due, last_id } = await this.repository.findConversations(after, CONVERSATIONS_PER_PAGE, this.days);
      for (const id of due ?? []) messages += await this.expire(id);
      conversations += due?.length ?? 0;
      if (last_id === null) return { messages, conversations };
      after = last_id;
    }
  }

  private async expire(conversationId: string): Promise<number> {
    let emptied = 0;
    await inBatches(BATCH_SIZE, async () => {
      const seen = await this.log.write(conversationId, async (tx) => {
        const messages = await this.repository.findExpiring(tx, conversationId, BATCH_SIZE, this.days);
        const last = messages.at(-1);
        if (!last) return 0;
        const ids = messages.filter((message) => !message.is_deleted).map(({ id }) => id);
        await this.repository.empty(tx, ids, tx.head.at);
        await this.repository.mark(tx, conversationId, last.sequence_number);
        if (!last.is_orphaned) {
          for (const subjectId of ids) tx.append({ type: MESSAGE_DELETED, actorId: null, subjectId });
          await this.threads.appendAfterDeletion(tx, ids, null);
        }
        emptied += ids.length;
        return messages.length;
      });
      return seen ?? 0;
    });
    return emptied;
  }
}

/** The tables in which retention leaves free space. */
const TABLES: readonly CompactableTable[] = [
  { name: 'messages', column: 'content' },
  { name: 'message_edits', column: 'content' },
  { name: 'reactions', column: 'emoji' },
];

/**
 * Once a day, if retention has removed something, returns the space to the disk that new messages have not reused.
 */
@Injectable()
export class MessageTableCompaction {
  constructor(
    private readonly repository: MessageRetentionRepository,
    private readonly compactor: TableCompactor,
  ) {}

  @ScheduledTask({ name: 'message-space', everyMs: 24 * 3_600_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (!(await this.repository.hasRun())) return { bytes: 0 };
    return { bytes: isDryRun ? await this.compactor.estimate(TABLES) : await this.compactor.compact(TABLES) };
  }
}
