import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { ConversationStatisticsRepository } from './conversation-statistics.repository.js';

/**
 * The counts of one user. `messages` includes deleted messages, because their numbers are not reused.
 */
export interface ConversationStatistics {
  readonly conversations: number;
  readonly messages: number;
  readonly unread: number;
  /** The newest first, at most ten. */
  readonly recent: readonly { conversationId: string; lastMessageAt: Date; unread: number }[];
}

/** Only for dialects: statistics about the caller's own conversations. */
@Injectable()
export class ConversationStatisticsService {
  constructor(private readonly repository: ConversationStatisticsRepository) {}

  async ofActor(actor: Actor): Promise<ConversationStatistics> {
    const { recent, ...counts } = await this.repository.ofUser(actor.userId);
    return {
      ...counts,
      recent: (recent ?? []).map((row) => ({
        conversationId: row.conversation_id,
        lastMessageAt: new Date(row.last_message_at),
        unread: row.unread_count,
      })),
    };
  }
}
