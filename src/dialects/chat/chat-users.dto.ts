import { ApiProperty } from '@nestjs/swagger';
import { SYSTEM_ROLES, type SystemRole } from '../../platform/identity/actor.js';
import { TextField } from '../../platform/validation/fields.js';
import { PRESENCE_STATUSES, type PresenceStatus } from '../../modules/users/users.dto.js';

const TEXT_OR_NULL = { type: String, nullable: true } as const;
const TIME = { format: 'date-time' } as const;

export class ChatLoginDto {
  @TextField({ min: 1, max: 320, example: 'johndoe' })
  username_or_email: string;

  @TextField({ max: 512, example: 'securepassword123' })
  password: string;

  @TextField({ max: 256, optional: true, description: 'From an earlier login on this device' })
  device_token?: string;
}

export class ChatUserDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'johndoe' })
  username: string;

  @ApiProperty({
    ...TEXT_OR_NULL,
    required: false,
    description: 'Only in the user’s own profile',
    example: 'john@example.com',
  })
  email?: string | null;

  @ApiProperty({ example: 'John Doe' })
  display_name: string;

  @ApiProperty({ example: 'Software developer' })
  bio: string;

  @ApiProperty({ ...TEXT_OR_NULL, example: 'https://example.com/avatar.jpg' })
  avatar_url: string | null;

  @ApiProperty()
  location: string;

  @ApiProperty({ enum: SYSTEM_ROLES })
  role: SystemRole;

  @ApiProperty({ enum: PRESENCE_STATUSES })
  status: PresenceStatus;

  @ApiProperty({ ...TEXT_OR_NULL, ...TIME })
  last_seen: string | null;

  @ApiProperty(TIME)
  created_at: string;
}

export class ChatLoginResponseDto {
  @ApiProperty({ description: 'For `Authorization: Bearer` and `?token=`' })
  access_token: string;

  @ApiProperty({ description: 'For POST /api/v1/auth/refresh' })
  refresh_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'Seconds until the access token expires' })
  expires_in: number;

  @ApiProperty({ description: 'Send it with the next login from this device' })
  device_token: string;

  @ApiProperty({ type: ChatUserDto })
  user: ChatUserDto;
}
