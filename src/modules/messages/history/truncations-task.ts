import { Injectable } from '@nestjs/common';
import { ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { EmptyTruncated } from './empty-truncated.js';
import { TruncationsRepository } from './truncations.repository.js';

const CONVERSATIONS_PER_PAGE = 100;
const NO_ID = '00000000-0000-0000-0000-000000000000';

/** Deletes what is left of truncated conversations: most of large ones, and those under a hold that was released. */
@Injectable()
export class TruncationsTask {
  constructor(
    private readonly repository: TruncationsRepository,
    private readonly deletion: EmptyTruncated,
  ) {}

  @ScheduledTask({ name: 'truncations', everyMs: 5000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return this.repository.count();
    let [messages, conversations, after] = [0, 0, NO_ID];
    for (;;) {
      const due = await this.repository.findDue(after, CONVERSATIONS_PER_PAGE);
      for (const id of due) messages += await this.deletion.delete(id, Infinity);
      conversations += due.length;
      if (due.length < CONVERSATIONS_PER_PAGE) return { messages, conversations };
      after = due.at(-1)!;
    }
  }
}
