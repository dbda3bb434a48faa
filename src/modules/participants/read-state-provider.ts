import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ResumeStateProviders, type StateFrame } from '../../platform/realtime/resume-state-providers.js';
import { ReceiptsRepository } from './receipts.repository.js';

/** Conversations told of, the most recently active first; what a list page shows of the others is newer anyway. */
const CONVERSATIONS_MAX = 200;

/** Marks are not in the log: whoever comes back is told how they stand now. */
@Injectable()
export class ReadStateProvider implements OnModuleInit {
  constructor(
    private readonly repository: ReceiptsRepository,
    private readonly stateProviders: ResumeStateProviders,
  ) {}

  onModuleInit(): void {
    this.stateProviders.register((userId) => this.of(userId));
  }

  /** How the most recently active conversations of a user stand. */
  async of(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.standing(userId, CONVERSATIONS_MAX);
    return rows.flatMap(({ conversation_id, unread_count, last_read_seq, read_by_all_seq, delivered_to_all_seq }) => [
      { type: 'unread.changed', data: { conversation_id, unread_count, last_read_seq } },
      {
        type: 'receipt.updated',
        conversation_id,
        data: { conversation_id, read_by_all_seq, delivered_to_all_seq, marks: [] },
      },
    ]);
  }
}
