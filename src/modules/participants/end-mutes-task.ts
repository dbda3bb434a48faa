import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { inBatches, ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { type EndedMute, EndedMutesRepository } from './ended-mutes.repository.js';
import { ParticipantChanges } from './participant-changes.js';

const BATCH_SIZE = 100;
const NOT_MUTED = { isMuted: false, until: null, reason: null };

/**
 * Announces the end of mutes with `participant.updated`, and so the new capabilities of the participant. A mute ends at
 * its time, whether or not the task runs: reads and sends compare the time.
 */
@Injectable()
export class EndMutesTask {
  constructor(
    private readonly repository: EndedMutesRepository,
    private readonly changes: ParticipantChanges,
    private readonly log: EventLog,
  ) {}

  @ScheduledTask({ name: 'ended-mutes', everyMs: 5000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { mutes: (await this.repository.find(BATCH_SIZE)).length };
    await this.repository.clearUnseen();
    const mutes = await inBatches(BATCH_SIZE, async () => {
      const ended = await this.repository.find(BATCH_SIZE);
      for (const mute of ended) await this.end(mute);
      return ended.length;
    });
    return { mutes };
  }

  private async end({ conversation_id: id, user_id: userId }: EndedMute): Promise<void> {
    await this.log.write(id, async (tx) => {
      if (!(await this.repository.hasEnded(tx, id, userId))) return;
      const target = await this.changes.requireParticipant(tx, id, userId);
      await this.changes.updateParticipant(tx, null, target, { mute: NOT_MUTED });
    });
  }
}
