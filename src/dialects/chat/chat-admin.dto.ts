import { ApiProperty } from '@nestjs/swagger';
import { AdminUserDto, USER_STATUSES, type UserStatus } from '../../modules/admin/users/admin-users.dto.js';
import { SYSTEM_ROLES, type SystemRole } from '../../platform/identity/actor.js';
import { OFFSET_MAX } from '../../platform/pagination/page.js';
import { EnumField, IntField, TextField } from '../../platform/validation/fields.js';
import { UserIdField } from '../../platform/validation/user-id-field.js';
import { TimeField } from '../../platform/validation/time-field.js';

const INTEGER = { type: 'integer' } as const;
const COUNTS = { type: 'object', additionalProperties: INTEGER } as const;

export class ListChatUsersQuery {
  @IntField({ min: 0, max: OFFSET_MAX, optional: true })
  skip?: number;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @TextField({ max: 100, optional: true, description: 'Part of a username, display name or email' })
  search?: string;

  @EnumField({
    values: USER_STATUSES,
    optional: true,
    description: 'The status of the account, or the visible presence of its user',
  })
  status_filter?: UserStatus;

  @EnumField({ values: SYSTEM_ROLES, optional: true })
  role_filter?: SystemRole;
}

export class ChatUserParam {
  @UserIdField()
  user_id: string;
}

/** All fields and the body are optional. */
export class ChatUnbanDto {
  @TextField({ min: 1, max: 500, optional: true, description: 'The reason; stored in the audit log' })
  reason?: string;
}

export class ChatBanDto extends ChatUnbanDto {
  @TimeField({ optional: true, nullable: true, description: 'The end of the ban; unlimited if omitted or null' })
  until?: string | null;
}

export class ChatBanResultDto {
  @ApiProperty({ example: 'User banned' })
  message: string;

  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ enum: ['banned', 'active'] })
  status: string;
}

export class ChatUserPageDto {
  @ApiProperty({ type: [AdminUserDto], description: 'Newest first' })
  users: AdminUserDto[];

  @ApiProperty(INTEGER)
  total: number;

  @ApiProperty(INTEGER)
  skip: number;

  @ApiProperty(INTEGER)
  limit: number;
}

export class ChatStatsDto {
  @ApiProperty({ ...INTEGER, description: 'Accounts that are not deleted' })
  total_users: number;

  @ApiProperty({ ...INTEGER, description: 'Users who were active today, UTC; counted every five minutes' })
  active_users: number;

  @ApiProperty(INTEGER)
  online_users: number;

  @ApiProperty(INTEGER)
  banned_users: number;

  @ApiProperty(INTEGER)
  new_users_today: number;

  @ApiProperty(COUNTS)
  users_by_role: Record<string, number>;

  @ApiProperty(INTEGER)
  total_chats: number;

  @ApiProperty(COUNTS)
  chats_by_type: Record<string, number>;

  @ApiProperty(INTEGER)
  total_messages: number;

  @ApiProperty(INTEGER)
  messages_today: number;

  @ApiProperty(INTEGER)
  total_files: number;

  @ApiProperty({ ...INTEGER, description: 'Bytes of files' })
  storage_used: number;

  @ApiProperty({ ...INTEGER, description: 'Open sockets of all nodes' })
  active_connections: number;

  @ApiProperty({ format: 'date-time' })
  timestamp: string;
}
