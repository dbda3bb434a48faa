import { ApiProperty } from '@nestjs/swagger';
import {
  requireAvatarUrl,
  requireBio,
  requireDisplayName,
  requireLocation,
} from '../../modules/users/user-fields.policy.js';
import { TextField } from '../../platform/validation/fields.js';
import { UserIdField } from '../../platform/validation/user-id-field.js';
import { FieldRule } from '../../platform/validation/input-rules.js';

/** In UTF-16 units; a coarse limit before the password is verified. */
const PASSWORD_UNITS_MAX = 512;
const TOKEN_MAX = 256;
const STATUSES = ['online', 'away', 'busy', 'offline'] as const;

export class DirectLoginDto {
  @TextField({ max: 320, example: 'user@example.com' })
  email: string;

  @TextField({ max: PASSWORD_UNITS_MAX })
  password: string;
}

export class DirectRefreshDto {
  @TextField({ max: TOKEN_MAX })
  refresh_token: string;
}

export class DirectUserParam {
  @UserIdField()
  user_id: string;
}

export class DirectUpdateProfileDto {
  @FieldRule(requireDisplayName)
  @TextField({ max: 320, optional: true, example: 'New Display Name' })
  display_name?: string;

  @FieldRule(requireBio)
  @TextField({ max: 2000, optional: true, example: 'Updated bio' })
  bio?: string;

  @FieldRule(requireLocation)
  @TextField({ max: 400, optional: true, example: 'New City, Country' })
  location?: string;

  @FieldRule(requireAvatarUrl)
  @TextField({ max: 2048, optional: true, nullable: true, description: 'An https URL' })
  avatar_url?: string | null;
}

export class DirectTokensDto {
  @ApiProperty()
  access_token: string;

  @ApiProperty()
  refresh_token: string;

  @ApiProperty({ example: 3600 })
  expires_in: number;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';
}

export class DirectRegisteredDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, nullable: true })
  email: string | null;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class DirectProfileDto {
  @ApiProperty()
  bio: string;

  @ApiProperty({ type: String, nullable: true })
  avatar_url: string | null;

  @ApiProperty()
  location: string;
}

export class DirectUserDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ enum: STATUSES })
  status: string;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'The current time for a user who is online',
  })
  last_seen: string | null;

  @ApiProperty({ type: DirectProfileDto })
  profile: DirectProfileDto;
}
