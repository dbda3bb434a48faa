import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { inBatches, ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { OwnershipRepository } from './ownership.repository.js';
import { ParticipantChanges } from './participant-changes.js';

const BATCH_SIZE = 100;

/**
 * Transfers the ownership of conversations from accounts that are banned from the server. The participant with the
 * highest role who is not banned, of those the one who joined first, becomes the owner, and the banned owner becomes an
 * admin. Only participants of the time of the ban succeed, so a user cannot gain the ownership of a room by joining it.
 * Without a successor nothing changes. Each run reads the state of the accounts, so the next run continues an
 * interrupted one, and a ban that has ended transfers nothing.
 */
@Injectable()
export class ReplaceBannedOwnersTask {
  constructor(
    private readonly repository: OwnershipRepository,
    private readonly changes: ParticipantChanges,
    private readonly log: EventLog,
  ) {}

  @ScheduledTask({ name: 'banned-owners', everyMs: 15_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { conversations: (await this.repository.findOwnedByBanned(BATCH_SIZE)).length };
    const conversations = await inBatches(BATCH_SIZE, async () => {
      const ids = await this.repository.findOwnedByBanned(BATCH_SIZE);
      for (const id of ids) await this.transferOwnership(id);
      return ids.length;
    });
    return { conversations };
  }

  private async transferOwnership(conversationId: string): Promise<void> {
    await this.log.write(conversationId, async (tx) => {
      const owner = await this.repository.findBannedOwner(tx, conversationId);
      if (!owner) return;
      await this.changes.demoteOwner(tx, null);
      const successor = await this.changes.requireParticipant(tx, conversationId, owner.successor_id);
      await this.changes.updateParticipant(tx, null, successor, { role: 'owner' });
    });
  }
}
