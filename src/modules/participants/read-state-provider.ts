import { Injectable } from '@nestjs/common';
import { ResumeState, type StateFrame } from '../../platform/realtime/resume/resume-state-providers.js';
import { RECEIPT_UPDATED, UNREAD_CHANGED } from './participants.events.js';
import { ReceiptsRepository } from './receipts.repository.js';

/** Conversations sent on resume, the most recently active first. For the others a list page is newer anyway. */
const CONVERSATIONS_MAX = 200;

/** Marks are not in the event log: a client that resumes receives their current state. */
@Injectable()
export class ReadStateProvider {
  constructor(private readonly repository: ReceiptsRepository) {}

  /** The read state of the most recently active conversations of a user. */
  @ResumeState()
  async of(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.findReadStates(userId, CONVERSATIONS_MAX);
    return rows.flatMap(
      ({ conversation_id, unread_count, last_read_number, read_by_all_number, delivered_to_all_number }) => [
        { type: UNREAD_CHANGED, data: { conversation_id, unread_count, last_read_number } },
        {
          type: RECEIPT_UPDATED,
          conversation_id,
          data: { conversation_id, read_by_all_number, delivered_to_all_number, marks: [] },
        },
      ],
    );
  }
}
