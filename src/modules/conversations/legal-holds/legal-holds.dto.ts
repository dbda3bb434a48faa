import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { BooleanField, EnumField, IntField, TextField, UuidField } from '../../../platform/validation/fields.js';
import { FieldRule } from '../../../platform/validation/input-rules.js';

export const HOLD_TARGETS = ['conversation', 'user'] as const;
export type HoldTarget = (typeof HOLD_TARGETS)[number];

const REASON_MAX = 500;

export class CreateLegalHoldDto {
  @EnumField({
    values: HOLD_TARGETS,
    description: 'user: the account, and every conversation in which the user takes or took part',
  })
  target_type: HoldTarget;

  @UuidField({ description: 'The conversation, which may be deleted, or the user' })
  target_id: string;

  @TextField({ min: 1, max: REASON_MAX, description: 'For the audit log', example: 'Case 2026-114' })
  reason: string;
}

export class ListLegalHoldsQuery {
  @BooleanField({ optional: true, description: 'true: also released holds' })
  include_released?: boolean;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

export class LegalHoldIdParam {
  @UuidField()
  id: string;
}

export class LegalHoldDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: HOLD_TARGETS })
  target_type: HoldTarget;

  @ApiProperty({ format: 'uuid' })
  target_id: string;

  @ApiProperty()
  reason: string;

  @ApiProperty({ format: 'uuid' })
  created_by: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  released_by: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null while it is in force' })
  released_at: string | null;
}

export class LegalHoldPageDto extends PageOf(LegalHoldDto) {}
