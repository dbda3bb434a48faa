import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Schedule, type ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { MessageIndexRepository } from './message-index.repository.js';
import { MessageIndexer } from './message-indexer.js';

const RUN_MS = 25_000;
const CONVERSATIONS_MAX = 10_000;

/**
 * Indexes what no process has: messages from before the index, those of a process that has ended, of an older version
 * or of a restored backup, and texts that were changed.
 */
@Injectable()
export class MessageIndexTask implements ScheduledTask, OnModuleInit {
  readonly name = 'message-index';
  readonly everyMs = 30_000;

  constructor(
    private readonly schedule: Schedule,
    private readonly repository: MessageIndexRepository,
    private readonly indexer: MessageIndexer,
  ) {}

  onModuleInit(): void {
    this.schedule.add(this);
  }

  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    const behind = await this.repository.behind(CONVERSATIONS_MAX);
    if (isDryRun) return { conversations: behind.length };
    const hasOldIndex = await this.repository.mergeOldIndex();
    const messages = await this.indexer.index(behind, RUN_MS);
    if (hasOldIndex && messages === 0) await this.repository.dropOldIndex();
    return { messages };
  }
}
