import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { inBatches, Schedule, type ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { MESSAGE_DELETED } from './messages.events.js';
import { RetentionRepository } from './retention.repository.js';

/** Emptied under one lock of a conversation: nobody waits longer than for a large send. */
const AT_ONCE = 100;
const CONVERSATIONS_AT_ONCE = 100;
const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Takes messages out that are older than their conversation keeps them (`settings.message_retention_days`): each leaves
 * a tombstone in its place, with a `message.deleted` of the server, as if somebody had deleted it. Text, versions,
 * reactions and metadata are gone from the tables at once; their space is free for what comes next, and once a day
 * `MessageSpace` gives it back. Files they showed are let go and removed by the upkeep of files.
 */
@Injectable()
export class MessageRetention implements ScheduledTask, OnModuleInit {
  readonly name = 'message-retention';
  readonly everyMs = 15 * 60_000;

  constructor(
    private readonly schedule: Schedule,
    private readonly repository: RetentionRepository,
    private readonly log: EventLog,
  ) {}

  onModuleInit(): void {
    this.schedule.add(this);
  }

  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return this.repository.count();
    let [messages, conversations, after] = [0, 0, NO_ID];
    for (;;) {
      const ids = await this.repository.conversations(after, CONVERSATIONS_AT_ONCE);
      for (const id of ids) messages += await this.expire(id);
      conversations += ids.length;
      if (ids.length < CONVERSATIONS_AT_ONCE) return { messages, conversations };
      after = ids.at(-1)!;
    }
  }

  private async expire(conversationId: string): Promise<number> {
    let emptied = 0;
    await inBatches(AT_ONCE, async () => {
      const seen = await this.log.write(conversationId, async (tx) => {
        const messages = await this.repository.expiring(tx, conversationId, AT_ONCE);
        const last = messages.at(-1);
        if (!last) return 0;
        const ids = messages.filter((message) => !message.is_deleted).map(({ id }) => id);
        await this.repository.empty(tx, ids, tx.head.at);
        await this.repository.mark(tx, conversationId, last.sequence_number);
        for (const subjectId of ids) tx.append({ type: MESSAGE_DELETED, actorId: null, subjectId });
        emptied += ids.length;
        return messages.length;
      });
      return seen ?? 0;
    });
    return emptied;
  }
}
