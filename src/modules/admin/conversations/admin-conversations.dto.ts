import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { FormerNames } from '../../../platform/validation/former-names.js';
import { FieldRule } from '../../../platform/validation/input-rules.js';
import { EnumField, IntField, TextField } from '../../../platform/validation/fields.js';
import { CONVERSATION_TYPES, type ConversationType } from '../../participants/participants.dto.js';

@FormerNames({ search: 'q' })
export class ListAdminConversationsQuery {
  @TextField({ max: 100, optional: true, description: 'Part of a title or slug' })
  q?: string;

  @EnumField({ values: CONVERSATION_TYPES, optional: true })
  type?: ConversationType;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 256, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

/** A conversation without its content. */
export class AdminConversationDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: CONVERSATION_TYPES })
  type: ConversationType;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty({ type: String, nullable: true })
  slug: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null if the server created it' })
  created_by: string | null;

  @ApiProperty({ type: 'integer' })
  participant_count: number;

  @ApiProperty({ type: 'integer', description: 'All messages ever sent, including deleted ones' })
  message_count: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_message_at: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class AdminConversationPageDto extends PageOf(AdminConversationDto) {}
