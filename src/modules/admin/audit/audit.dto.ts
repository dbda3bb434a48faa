import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { FieldRule } from '../../../platform/validation/input-rules.js';
import { SYSTEM_ROLES, type SystemRole } from '../../../platform/identity/actor.js';
import { IntField, TextField } from '../../../platform/validation/fields.js';
import { UserIdField } from '../../../platform/validation/user-id-field.js';
import { TimeField } from '../../../platform/validation/time-field.js';

export class ListAuditLogQuery {
  @UserIdField({ optional: true, description: 'The user who acted, or the server key that was used' })
  actor_id?: string;

  @TextField({ max: 64, optional: true, description: 'The action, as noun.verb', example: 'user.ban' })
  action?: string;

  @TextField({ max: 64, optional: true, description: 'The type of the target', example: 'user' })
  target_type?: string;

  @TextField({ max: 64, optional: true, description: 'The id of the target' })
  target_id?: string;

  @TimeField({ optional: true, description: 'Entries from this time on' })
  from?: string;

  @TimeField({ optional: true, description: 'Entries before this time' })
  to?: string;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 256, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

const SCALAR = [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'null' }];

/**
 * Fields by their names. A value is a scalar, a list of texts, or an object of scalars such as the settings of a
 * conversation.
 */
function auditedFields(description: string): ApiPropertyOptions {
  const list = { type: 'array', items: { type: 'string' } };
  const settings = { type: 'object', additionalProperties: { anyOf: SCALAR } };
  const value = { anyOf: [...SCALAR, list, settings] } as never;
  return { type: 'object', additionalProperties: value, nullable: true, description };
}

/** The server key by which something was done. */
export class AuditedKeyDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ description: 'The name of the key at that time' })
  name: string;
}

/** One privileged action; it never changes. */
export class AuditEntryDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null if the server acted by itself' })
  actor_id: string | null;

  @ApiProperty({ type: String, enum: SYSTEM_ROLES, nullable: true, description: 'The role of the actor at that time' })
  actor_role: SystemRole | null;

  @ApiProperty({ example: 'user.ban' })
  action: string;

  @ApiProperty({ example: 'user' })
  target_type: string;

  @ApiProperty({ type: String, nullable: true })
  target_id: string | null;

  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  @ApiProperty(
    auditedFields('Ids, states and settings that the action has changed, before it; never content or secrets'),
  )
  before: Record<string, unknown> | null;

  @ApiProperty(auditedFields('The same after the action, such as `is_banned` and `until` of `user.ban`'))
  after: Record<string, unknown> | null;

  @ApiProperty({ type: String, nullable: true, description: '`X-Request-Id` of the request' })
  request_id: string | null;

  @ApiProperty({
    type: AuditedKeyDto,
    nullable: true,
    description: 'The server key of the call, alone or as the user; null for all other calls',
  })
  server_key: AuditedKeyDto | null;
}

export class AuditPageDto extends PageOf(AuditEntryDto) {}
