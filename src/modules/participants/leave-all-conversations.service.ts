import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { inBatches } from '../../platform/schedule/schedule.js';
import { ConversationBansRepository } from './bans/conversation-bans.repository.js';
import { InvitationsRepository } from './invitations/invitations.repository.js';
import { JoinRequestsRepository } from './join-requests/join-requests.repository.js';
import { ParticipantNotFound } from './participants.errors.js';
import { ParticipantsRepository } from './participants.repository.js';
import { ParticipantChanges } from './participant-changes.js';

const BATCH_SIZE = 100;

/**
 * Removes a deleted account from every group and room, as if it had left: its ownership is transferred. It remains in
 * direct conversations, without its own data for them. A repeated or resumed run has the same result.
 */
@Injectable()
export class LeaveAllConversations {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly bans: ConversationBansRepository,
    private readonly invitations: InvitationsRepository,
    private readonly joinRequests: JoinRequestsRepository,
    private readonly changes: ParticipantChanges,
    private readonly log: EventLog,
  ) {}

  /** Returns the number of conversations that were left. */
  async leaveAll(userId: string): Promise<number> {
    await this.repository.forgetTexts(userId);
    await this.bans.forgetReasons(userId);
    await this.invitations.deleteAllOf(userId);
    await this.joinRequests.deleteAllOf(userId);
    return inBatches(BATCH_SIZE, async () => {
      const ids = await this.repository.findLeavable(userId, BATCH_SIZE);
      for (const id of ids) await this.leave(id, userId);
      return ids.length;
    });
  }

  private async leave(conversationId: string, userId: string): Promise<void> {
    await this.log.write(conversationId, async (tx) => {
      try {
        await this.changes.removeParticipant(
          tx,
          null,
          await this.changes.requireParticipant(tx, conversationId, userId),
          'left',
        );
      } catch (error) {
        if (!(error instanceof ParticipantNotFound)) throw error; // removed in the meantime
      }
    });
  }
}
