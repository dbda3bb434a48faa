import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { FieldRule } from '../../../platform/validation/input-rules.js';
import { EnumField, IntField, TextField, UuidField } from '../../../platform/validation/fields.js';
import { CONVERSATION_NAME } from '../../participants/participants.dto.js';

export const HELD_STATUSES = ['held', 'released', 'dropped'] as const;
export type HeldStatus = (typeof HELD_STATUSES)[number];

export class ListHeldMessagesQuery {
  @EnumField({ values: HELD_STATUSES, optional: true, description: 'held if omitted' })
  status?: HeldStatus;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

export class HeldMessageIdParam {
  @UuidField()
  id: string;
}

export class ConversationHeldMessageParams {
  @TextField(CONVERSATION_NAME)
  id: string;

  @UuidField()
  held_id: string;
}

/** A message that waits for a moderator, or was decided on by one. */
export class HeldMessageDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ format: 'uuid' })
  sender_id: string;

  @ApiProperty()
  sender_name: string;

  @ApiProperty()
  content: string;

  @ApiProperty()
  message_type: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description:
      'The rule that held the message, which may have been deleted since; null if the host’s check of messages held it',
  })
  rule_id: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why the host’s check held the message' })
  reason: string | null;

  @ApiProperty({ enum: HELD_STATUSES })
  status: HeldStatus;

  @ApiProperty({ format: 'date-time' })
  held_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  decided_at: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  decided_by: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The sent message, after a release' })
  message_id: string | null;
}

export class HeldMessagePageDto extends PageOf(HeldMessageDto) {}
