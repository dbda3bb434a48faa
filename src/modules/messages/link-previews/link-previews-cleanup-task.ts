import { Injectable } from '@nestjs/common';
import { inBatches, ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { LinkPreviewsRepository } from './link-previews.repository.js';

const BATCH_SIZE = 1000;
/** Pages that are remembered at most. */
const PAGES_MAX = 100_000;

/** Forgets pages whose time is over, and the oldest beyond 100,000. Previews of messages stay. */
@Injectable()
export class LinkPreviewsCleanupTask {
  constructor(private readonly repository: LinkPreviewsRepository) {}

  @ScheduledTask({ name: 'link-previews', everyMs: 60 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { expired: await this.repository.countExpired() };
    const expired = await inBatches(BATCH_SIZE, () => this.repository.deleteExpired(BATCH_SIZE));
    return { expired, excess: await inBatches(BATCH_SIZE, () => this.repository.deleteExcess(PAGES_MAX, BATCH_SIZE)) };
  }
}
