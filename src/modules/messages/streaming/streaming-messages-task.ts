import { Injectable } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { inBatches, ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { EndStreamingMessages } from './end-streaming-messages.js';
import { StreamingMessagesRepository } from './streaming-messages.repository.js';

const BATCH_SIZE = 100;

/** Ends the streaming messages that their authors have abandoned, and removes what was written of deleted ones. */
@Injectable()
export class StreamingMessagesTask {
  constructor(
    private readonly repository: StreamingMessagesRepository,
    private readonly ends: EndStreamingMessages,
    private readonly config: Config,
  ) {}

  @ScheduledTask({ name: 'streaming-messages', everyMs: 10_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    const { streamingTimeoutSeconds: seconds } = this.config;
    if (isDryRun) return { abandoned: (await this.repository.abandoned(seconds, BATCH_SIZE)).length };
    const removed = await this.repository.removeEnded();
    const abandoned = await inBatches(BATCH_SIZE, async () => {
      const found = await this.repository.abandoned(seconds, BATCH_SIZE);
      await this.ends.end(found, 'abandoned');
      return found.length;
    });
    return { abandoned, removed };
  }
}
