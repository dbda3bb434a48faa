import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import { StatisticsRepository } from './statistics.repository.js';

/**
 * How much there is for one user. Messages are counted with those that were deleted since: their numbers stay taken.
 */
export interface OwnStatistics {
  readonly conversations: number;
  readonly messages: number;
  readonly unread: number;
  /** The newest first, at most ten. */
  readonly recent: readonly { conversationId: string; lastMessageAt: Date; unread: number }[];
}

/** Figures about one's own conversations. */
@Injectable()
export class StatisticsService {
  constructor(private readonly repository: StatisticsRepository) {}

  async own(actor: Actor): Promise<OwnStatistics> {
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
