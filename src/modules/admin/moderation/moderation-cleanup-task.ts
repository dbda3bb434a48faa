import { Injectable } from '@nestjs/common';
import { inBatches, ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { ModerationCleanupRepository } from './moderation-cleanup.repository.js';

const AT_ONCE = 500;

/**
 * Removes texts from the moderation tables: of held messages a month after the decision, and of deleted accounts. The
 * decisions themselves stay.
 */
@Injectable()
export class ModerationCleanupTask {
  constructor(private readonly repository: ModerationCleanupRepository) {}

  @ScheduledTask({ name: 'moderation-upkeep', everyMs: 10 * 60 * 1000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { ...(await this.repository.count()) };
    return {
      held: await inBatches(AT_ONCE, () => this.repository.clearHeldTexts(AT_ONCE)),
      comments: await inBatches(AT_ONCE, () => this.repository.clearComments(AT_ONCE)),
    };
  }
}
