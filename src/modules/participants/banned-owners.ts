import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { inBatches, Schedule, type ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { ParticipantsRepository } from './participants.repository.js';
import { ParticipantChanges } from './participant-changes.js';

const AT_ONCE = 100;

/**
 * Passes on what is owned by accounts that are banned from the server: the highest and longest-standing of those who
 * are not banned becomes the owner, and the banned one an admin. Only a participant of the time of the ban succeeds, so no
 * user comes to own a room by joining it; where there is no successor, nothing changes. Found by the state of the accounts,
 * so a run that was broken off is taken up by the next, and a ban that has ended passes on nothing.
 */
@Injectable()
export class BannedOwners implements ScheduledTask, OnModuleInit {
  readonly name = 'banned-owners';
  readonly everyMs = 15_000;

  constructor(
    private readonly schedule: Schedule,
    private readonly repository: ParticipantsRepository,
    private readonly changes: ParticipantChanges,
    private readonly log: EventLog,
  ) {}

  onModuleInit(): void {
    this.schedule.add(this);
  }

  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { conversations: (await this.repository.findOwnedByBanned(AT_ONCE)).length };
    const conversations = await inBatches(AT_ONCE, async () => {
      const ids = await this.repository.findOwnedByBanned(AT_ONCE);
      for (const id of ids) await this.passOn(id);
      return ids.length;
    });
    return { conversations };
  }

  private async passOn(conversationId: string): Promise<void> {
    await this.log.write(conversationId, async (tx) => {
      const former = await this.repository.findBannedOwner(tx, conversationId);
      if (!former) return;
      await this.changes.demoteOwner(tx, null);
      const successor = await this.changes.require(tx, conversationId, former.successor_id);
      await this.changes.updateParticipant(tx, null, successor, { role: 'owner' });
    });
  }
}
