import { Injectable } from '@nestjs/common';
import { EventLog } from '../../../platform/event-log/event-log.js';
import { inBatches, ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { JoinRequestChanges } from './join-request-changes.js';
import { type ExpiredJoinRequest, JoinRequestsRepository } from './join-requests.repository.js';

const BATCH_SIZE = 100;

/** Deletes join requests that have expired, and announces it. Reads compare the time: none is shown after its end. */
@Injectable()
export class EndJoinRequestsTask {
  constructor(
    private readonly repository: JoinRequestsRepository,
    private readonly changes: JoinRequestChanges,
    private readonly log: EventLog,
  ) {}

  @ScheduledTask({ name: 'expired-join-requests', everyMs: 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { join_requests: (await this.repository.findExpired(BATCH_SIZE)).length };
    const ended = await inBatches(BATCH_SIZE, async () => {
      const expired = await this.repository.findExpired(BATCH_SIZE);
      for (const request of expired) await this.end(request);
      return expired.length;
    });
    return { join_requests: ended };
  }

  private async end({ conversation_id: conversationId, user_id: userId }: ExpiredJoinRequest): Promise<void> {
    await this.log.write(conversationId, async (tx) => {
      if (await this.repository.hasExpired(tx, conversationId, userId))
        await this.changes.end(tx, { actorId: null, userId, outcome: 'expired' });
    });
  }
}
