import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { inBatches } from '../../platform/schedule/schedule.js';
import { ParticipantNotFound } from './participants.errors.js';
import { ParticipantsRepository } from './participants.repository.js';
import { ParticipantChanges } from './participant-changes.js';

const AT_ONCE = 100;

/**
 * Takes a deleted account out of every group and room, as if it had left: ownership passes on. Direct conversations
 * keep their two. Done twice, or broken off and begun again, it comes to the same.
 */
@Injectable()
export class LeaveAllConversations {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly changes: ParticipantChanges,
    private readonly log: EventLog,
  ) {}

  /** Answers how many conversations were left. */
  leaveAll(userId: string): Promise<number> {
    return inBatches(AT_ONCE, async () => {
      const ids = await this.repository.findLeavable(userId, AT_ONCE);
      for (const id of ids) await this.leave(id, userId);
      return ids.length;
    });
  }

  private async leave(conversationId: string, userId: string): Promise<void> {
    await this.log.write(conversationId, async (tx) => {
      try {
        await this.changes.removeParticipant(tx, null, await this.changes.require(tx, conversationId, userId), 'left');
      } catch (error) {
        if (!(error instanceof ParticipantNotFound)) throw error; // somebody removed him meanwhile
      }
    });
  }
}
