import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { ValidationError } from '../../../platform/errors/app-error.js';
import { SYSTEM_ROLES, type SystemRole } from '../../../platform/identity/actor.js';
import { EnumField, IntField, TextField, UuidField } from '../../../platform/validation/fields.js';
import { UserIdField } from '../../../platform/validation/user-id-field.js';
import { problemsOfEnd, TimeField } from '../../../platform/validation/time-field.js';
import { FormerNames } from '../../../platform/validation/former-names.js';
import { FieldRule, InputRule } from '../../../platform/validation/input-rules.js';
import { PRESENCE_STATUSES, UpdateProfileDto, UserProfileDto } from '../../users/users.dto.js';
import { cleanName } from '../../../platform/validation/text.js';

/** Requires a visible reason, not only spaces and invisible characters. @throws ValidationError */
export function requireReason(text: string): string {
  const reason = cleanName(text);
  if (reason === '') throw ValidationError.of('reason', 'must not be empty');
  return reason;
}

export const ACCOUNT_STATUSES = ['active', 'banned', 'deactivated', 'deleted'] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/** The status of an account, or the visible presence of its user. */
export const USER_STATUSES = [...ACCOUNT_STATUSES, ...PRESENCE_STATUSES] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

/** What happens to the messages of a deleted account. */
export const MESSAGE_ERASURE_MODES = ['keep', 'anonymise', 'delete'] as const;
export type MessageErasureMode = (typeof MESSAGE_ERASURE_MODES)[number];

/** The media type of an export: JSON lines by subject, and the bytes of the files, in a zip. */
export const ZIP_CONTENT = { 'application/zip': { schema: { type: 'string', format: 'binary' } } } as const;

const ERASURE_MODES_DESCRIPTION =
  'keep: they stay under the name of the author. anonymise: they stay under "Deleted user". delete: each becomes a ' +
  'tombstone, as if its author had deleted it; in the background';

export class AdminUserParams {
  @UserIdField()
  id: string;
}

@FormerNames({ search: 'q' })
export class ListAdminUsersQuery {
  @TextField({ max: 100, optional: true, description: 'Part of a username, display name or email' })
  q?: string;

  @EnumField({ values: ACCOUNT_STATUSES, optional: true })
  status?: AccountStatus;

  @EnumField({ values: SYSTEM_ROLES, optional: true })
  role?: SystemRole;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 256, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

/** The reason of an action; stored permanently in the audit log. */
export class ReasonDto {
  @FieldRule(requireReason)
  @TextField({ min: 1, max: 500, description: 'The reason; stored in the audit log', example: 'Spam in several rooms' })
  reason: string;
}

export class UpdateAdminUserDto extends UpdateProfileDto {
  @EnumField({ values: SYSTEM_ROLES, optional: true })
  role?: SystemRole;

  @FieldRule(requireReason)
  @TextField({ min: 1, max: 500, description: 'The reason; stored in the audit log' })
  reason: string;
}

export class UnbanUserDto extends ReasonDto {
  @UuidField({ optional: true, description: 'Only for this conversation' })
  conversation_id?: string;
}

@InputRule(({ until }: Partial<BanUserDto>) => problemsOfEnd('until', until))
export class BanUserDto extends UnbanUserDto {
  @TimeField({ optional: true, nullable: true, description: 'The end of the ban; unlimited if omitted or null' })
  until?: string | null;
}

@InputRule(({ until }: Partial<ShadowBanUserDto>) => problemsOfEnd('until', until))
export class ShadowBanUserDto extends ReasonDto {
  @TimeField({ optional: true, nullable: true, description: 'The end; unlimited if omitted or null' })
  until?: string | null;
}

export class DeleteUserDto extends ReasonDto {
  @EnumField({ values: MESSAGE_ERASURE_MODES, description: ERASURE_MODES_DESCRIPTION })
  messages: MessageErasureMode;
}

export class DeleteHostUserQuery {
  @EnumField({ values: MESSAGE_ERASURE_MODES, description: ERASURE_MODES_DESCRIPTION })
  messages: MessageErasureMode;
}

@FormerNames({ password: 'current_password' })
export class DeleteOwnAccountDto {
  @TextField({
    min: 1,
    max: 1024,
    optional: true,
    description: 'Required, except for accounts of an identity provider: their token may be at most five minutes old',
  })
  current_password?: string;

  @EnumField({ values: MESSAGE_ERASURE_MODES, description: ERASURE_MODES_DESCRIPTION })
  messages: MessageErasureMode;
}

export class BanDto {
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: unlimited' })
  until: string | null;
}

export class AdminUserDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ type: String, nullable: true })
  email: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The id in the host product' })
  external_id: string | null;

  @ApiProperty({ enum: SYSTEM_ROLES })
  role: SystemRole;

  @ApiProperty({ enum: ACCOUNT_STATUSES })
  status: AccountStatus;

  @ApiProperty({ type: BanDto, nullable: true })
  ban: BanDto | null;

  @ApiProperty({ type: BanDto, nullable: true, description: 'Of which the user is not informed' })
  shadow_ban: BanDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_seen: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  deleted_at: string | null;
}

export class AdminUserPageDto extends PageOf(AdminUserDto) {}

export class AdminSessionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  user_agent: string;

  @ApiProperty()
  ip: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  last_used_at: string;

  @ApiProperty({ format: 'date-time' })
  expires_at: string;
}

export class ConversationBanDto extends BanDto {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;
}

export class UserCountsDto {
  @ApiProperty({ type: 'integer', description: 'Conversations in which the user takes part now' })
  conversations: number;

  @ApiProperty({ type: 'integer' })
  files: number;

  @ApiProperty({ type: 'integer' })
  file_bytes: number;

  @ApiProperty({ type: 'integer' })
  webhooks: number;

  @ApiProperty({ type: 'integer', description: 'Users who have blocked this one' })
  blocked_by: number;
}

export class UserActivityDto {
  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({
    enum: ['session.opened', 'session.ended', 'conversation.joined', 'conversation.left', 'file.uploaded'],
  })
  type: string;

  @ApiProperty({ format: 'uuid', description: 'The id of the session, the conversation or the file' })
  subject_id: string;
}

export class AccountDeletionDto {
  @ApiProperty({ enum: MESSAGE_ERASURE_MODES })
  messages: MessageErasureMode;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: still in progress' })
  finished_at: string | null;
}

/** An account with the details for a decision on it, without the content of its messages. */
export class AdminUserDetailsDto extends AdminUserDto {
  @ApiProperty({ type: UserProfileDto })
  profile: UserProfileDto;

  @ApiProperty({ type: UserCountsDto })
  counts: UserCountsDto;

  @ApiProperty({ type: AccountDeletionDto, nullable: true })
  deletion: AccountDeletionDto | null;

  @ApiProperty({ type: [AdminSessionDto], description: 'Active sessions, last used first, at most 100' })
  sessions: AdminSessionDto[];

  @ApiProperty({ type: [ConversationBanDto], description: 'Bans in force, the newest 100' })
  conversation_bans: ConversationBanDto[];

  @ApiProperty({ type: [UserActivityDto], description: 'Newest first, at most 50' })
  activity: UserActivityDto[];
}

export class EndedSessionsDto {
  @ApiProperty({ type: 'integer' })
  sessions_ended: number;
}
