import { ApiProperty } from '@nestjs/swagger';
import { requireCursor } from '../../../platform/pagination/page.js';
import { RequiredBy } from '../../../platform/validation/required-by.js';
import { SYSTEM_ROLES, type SystemRole } from '../../../platform/http/actor.js';
import { IntField, TextField, TimeField, UuidField } from '../../../platform/validation/fields.js';

export class ListAuditLogQuery {
  @UuidField({ optional: true, description: 'Who acted' })
  actor_id?: string;

  @TextField({ max: 64, optional: true, description: 'What was done, as noun.verb', example: 'user.ban' })
  action?: string;

  @TextField({ max: 64, optional: true, description: 'What it was done to', example: 'user' })
  target_type?: string;

  @TextField({ max: 64, optional: true, description: 'Its id' })
  target_id?: string;

  @TimeField({ optional: true, description: 'From this moment on' })
  from?: string;

  @TimeField({ optional: true, description: 'Before this moment' })
  to?: string;

  @IntField({ min: 1, max: 100, optional: true, description: '50 when left out' })
  limit?: number;

  @RequiredBy(requireCursor)
  @TextField({ max: 256, optional: true, description: '`next_cursor` of the page before' })
  cursor?: string;
}

/** One privileged act; it never changes. */
export class AuditEntryDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: the server itself' })
  actor_id: string | null;

  @ApiProperty({ type: String, enum: SYSTEM_ROLES, nullable: true, description: 'The role in which it was done' })
  actor_role: SystemRole | null;

  @ApiProperty({ example: 'user.ban' })
  action: string;

  @ApiProperty({ example: 'user' })
  target_type: string;

  @ApiProperty({ type: String, nullable: true })
  target_id: string | null;

  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  before: Record<string, unknown> | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  after: Record<string, unknown> | null;

  @ApiProperty({ type: String, nullable: true, description: '`X-Request-Id` of the request' })
  request_id: string | null;
}

export class AuditPageDto {
  @ApiProperty({ type: [AuditEntryDto] })
  data: AuditEntryDto[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;

  @ApiProperty()
  has_more: boolean;
}
