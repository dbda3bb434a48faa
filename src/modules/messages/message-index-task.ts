import { Injectable } from '@nestjs/common';
import { ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { MessageIndexRepository } from './message-index.repository.js';
import { MessageIndexer } from './message-indexer.js';

const RUN_MS = 25_000;
const CONVERSATIONS_MAX = 10_000;

/**
 * Indexes the messages that no process has indexed: those of a process that has ended or of a restored backup, and
 * changed texts.
 */
@Injectable()
export class MessageIndexTask {
  constructor(
    private readonly repository: MessageIndexRepository,
    private readonly indexer: MessageIndexer,
  ) {}

  @ScheduledTask({ name: 'message-index', everyMs: 30_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    const unindexed = await this.repository.findUnindexed(CONVERSATIONS_MAX);
    if (isDryRun) return { conversations: unindexed.length };
    return { messages: await this.indexer.index(unindexed, RUN_MS) };
  }
}
