import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../platform/pagination/page.js';
import { SYSTEM_ROLES, type SystemRole } from '../../platform/identity/actor.js';
import { IntField, TextField, RefusedFields } from '../../platform/validation/fields.js';
import { UserIdField } from '../../platform/validation/user-id-field.js';
import { METADATA_REF } from '../../platform/validation/safe-json.js';
import { FormerNames } from '../../platform/validation/former-names.js';
import { FieldRule } from '../../platform/validation/input-rules.js';
import { requireAvatarUrl, requireBio, requireDisplayName, requireLocation } from './user-fields.policy.js';

/** A user as stored. */
export interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  /** The id of the user in the host product. */
  readonly external_id: string | null;
  readonly display_name: string;
  readonly bio: string;
  readonly avatar_url: string | null;
  readonly location: string;
  readonly public_metadata: Readonly<Record<string, unknown>>;
  readonly private_metadata: Readonly<Record<string, unknown>>;
  readonly role: SystemRole;
  readonly is_banned: boolean;
  readonly banned_until: Date | null;
  readonly ban_reason: string | null;
  readonly is_deactivated: boolean;
  readonly created_at: Date;
}

export interface NewUser {
  readonly id: string;
  /** Folded; see `requireUsername`. */
  readonly username: string;
  readonly email: string | null;
  /** The id of the user in the host product, if it has one; see `requireExternalId`. */
  readonly externalId?: string;
  readonly displayName: string;
  readonly role: SystemRole;
}

export const PRESENCE_STATUSES = ['online', 'away', 'busy', 'offline'] as const;
export type PresenceStatus = (typeof PRESENCE_STATUSES)[number];

export class UserProfileDto {
  @ApiProperty()
  bio: string;

  @ApiProperty({ type: String, nullable: true, deprecated: true, description: 'The same as `avatar_url` of the user' })
  avatar_url: string | null;

  @ApiProperty()
  location: string;
}

export class UserMetadataDto {
  @ApiProperty({ ...METADATA_REF, description: 'Data of the host product, for everyone who sees the user' })
  public: Record<string, unknown>;

  @ApiProperty({
    ...METADATA_REF,
    required: false,
    description: 'Data of the host product; only for the user themselves, for admins and for server keys',
  })
  private?: Record<string, unknown>;
}

export class UserDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ type: String, nullable: true })
  avatar_url: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    required: false,
    description: 'Only for the user themselves and for admins',
  })
  email?: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    required: false,
    description: 'The id in the host product; only for the user themselves, for admins and for server keys',
  })
  external_id?: string | null;

  @ApiProperty({ required: false, description: 'Only for admins and server keys; true: the user gets no session' })
  is_deactivated?: boolean;

  @ApiProperty({ enum: PRESENCE_STATUSES })
  status: PresenceStatus;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_seen: string | null;

  @ApiProperty({ type: UserProfileDto })
  profile: UserProfileDto;

  @ApiProperty({ type: UserMetadataDto })
  metadata: UserMetadataDto;

  @ApiProperty({ enum: SYSTEM_ROLES })
  role: SystemRole;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class UserPageDto extends PageOf(UserDto) {}

export class UserParamsDto {
  @UserIdField()
  id: string;
}

@RefusedFields({ profile: 'is the form of responses: send bio, avatar_url and location themselves' })
export class UpdateProfileDto {
  @FieldRule(requireDisplayName)
  @TextField({ max: 320, optional: true, description: 'At most 80 characters', example: 'Ana Lima' })
  display_name?: string;

  @FieldRule(requireBio)
  @TextField({ max: 2000, optional: true, description: 'At most 500 characters' })
  bio?: string;

  @FieldRule(requireAvatarUrl)
  @TextField({
    max: 2048,
    optional: true,
    nullable: true,
    description:
      'An https URL, which the server never fetches, or `/api/v1/pictures/` and the id of an image that the user has uploaded',
    example: 'https://example.com/ana.png',
  })
  avatar_url?: string | null;

  @FieldRule(requireLocation)
  @TextField({ max: 400, optional: true, description: 'At most 100 characters' })
  location?: string;
}

export class UserPageQueryDto {
  @IntField({ min: 1, max: 100, optional: true, description: '50 when omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 256, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

@FormerNames({ search: 'q' })
export class SearchUsersDto extends UserPageQueryDto {
  @TextField({ max: 100, optional: true, description: 'Part of a user name or display name' })
  q?: string;
}
