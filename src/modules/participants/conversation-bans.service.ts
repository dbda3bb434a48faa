import { Injectable } from '@nestjs/common';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { type ActorAndTarget, UserAdministration } from '../users/user-administration.service.js';
import { ConversationBansRepository } from './conversation-bans.repository.js';
import { ConversationNotFound, ParticipantNotFound } from './participants.errors.js';
import { ParticipantsPolicy } from './participants.policy.js';
import { ParticipantChanges } from './participant-changes.js';

/** The user and the conversation of a ban, and its reason. */
export interface ConversationBan {
  readonly conversationId: string;
  readonly userId: string;
  readonly reason: string;
}

/**
 * Bans of users from one conversation. The ban and the removal are one change under the conversation's lock.
 * `AddParticipants` checks bans under the same lock, so the user cannot join in between.
 */
@Injectable()
export class ConversationBans {
  constructor(
    private readonly repository: ConversationBansRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly users: UserAdministration,
    private readonly changes: ParticipantChanges,
    private readonly log: EventLog,
  ) {}

  /** @throws ConversationNotFound, UserNotFound, PermissionDenied, DirectConversationFixed */
  async ban(actor: Actor, { until, ...ban }: ConversationBan & { until: Date | null }): Promise<void> {
    await this.change(actor, ban, async (tx, { actor: current }) => {
      await this.repository.insert(tx, { ...ban, until, bannedBy: actor.userId, at: tx.head.at });
      const wasParticipant = await this.removeIfPresent(tx, actor, ban);
      const after = { user_id: ban.userId, until: until?.toISOString() ?? null };
      audit(tx, current, 'conversation.ban_user', { ...ban, before: { is_participant: wasParticipant }, after });
    });
  }

  /** The user may join again; they are not added automatically. @throws as `ban` */
  async unban(actor: Actor, ban: ConversationBan): Promise<void> {
    await this.change(actor, ban, async (tx, { actor: current }) => {
      if (!(await this.repository.delete(tx, ban.conversationId, ban.userId))) return;
      audit(tx, current, 'conversation.unban_user', { ...ban, before: { user_id: ban.userId }, after: null });
    });
  }

  private async change(
    actor: Actor,
    { conversationId, userId }: ConversationBan,
    work: (tx: StreamTransaction, context: ActorAndTarget) => Promise<void>,
  ): Promise<void> {
    const streamExists = await this.log.write(conversationId, async (tx) => {
      const access = await this.policy.loadAccess(actor, conversationId, tx);
      const context = await this.users.requireOutranks(tx, actor, userId, 'moderator');
      this.policy.requireNotDirect(access);
      this.policy.requireModerator(access);
      await work(tx, context);
      return true;
    });
    if (!streamExists) throw new ConversationNotFound();
  }

  private async removeIfPresent(tx: StreamTransaction, actor: Actor, ban: ConversationBan): Promise<boolean> {
    try {
      const target = await this.changes.requireParticipant(tx, ban.conversationId, ban.userId);
      await this.changes.removeParticipant(tx, actor.userId, target, 'removed');
      return true;
    } catch (error) {
      if (error instanceof ParticipantNotFound) return false;
      throw error;
    }
  }
}

function audit(
  tx: StreamTransaction,
  actor: Actor,
  action: string,
  { conversationId, reason, before, after }: ConversationBan & { before: object; after: object | null },
): void {
  tx.audit({
    actor,
    action,
    target: { type: 'conversation', id: conversationId },
    reason,
    before: before as Record<string, unknown>,
    after: after as Record<string, unknown> | null,
  });
}
