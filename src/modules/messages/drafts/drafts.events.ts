import { ApiProperty } from '@nestjs/swagger';
import { DraftDto } from './drafts.dto.js';

/** Durable events of a user's own stream; `subjectId` is the conversation, payload: {thread_root_id}. */
export const DRAFT_UPDATED = 'draft.updated';
export const DRAFT_REMOVED = 'draft.removed';

export class DraftData {
  @ApiProperty({ type: DraftDto })
  draft: DraftDto;
}

export class DraftRemovedData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  thread_root_id: string | null;
}
