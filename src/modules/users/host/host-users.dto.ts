import { ApiProperty } from '@nestjs/swagger';
import { EntriesField, EnumField, NestedField, TextField, TextListField } from '../../../platform/validation/fields.js';
import { JsonField } from '../../../platform/validation/json-field.js';
import { FieldRule } from '../../../platform/validation/input-rules.js';
import { NormaliseWith } from '../../../platform/validation/normalise.js';
import { EXTERNAL_ID_MAX } from '../../../platform/validation/user-references.js';
import {
  requireAvatarUrl,
  requireDisplayName,
  requireEmail,
  requireExternalId,
  requireUsername,
} from '../user-fields.policy.js';
import { UpdateProfileDto, UserDto } from '../users.dto.js';

/** Entries of one batch, and the size of its body. */
export const BATCH_MAX = 1000;
export const BATCH_BODY_LIMITS = { maxBytes: 1024 * 1024, maxKeys: 20 * BATCH_MAX };

/** Users read by one call. */
const READ_MAX = 100;

/** Of the public and the private metadata of a user together, in bytes of JSON. */
export const USER_METADATA_MAX_BYTES = 16_384;

/** The roles that the host product may give. */
export const HOST_ROLES = ['user', 'student', 'teacher', 'moderator'] as const;
export type HostRole = (typeof HOST_ROLES)[number];

const ROLE_DESCRIPTION =
  '`moderator` requires the scope `moderation` too; admins are made with PATCH /admin/users/{id}';
const MERGE_DESCRIPTION = 'A merge patch (RFC 7396): null removes a member';

export class UserMetadataPatchDto {
  @JsonField({
    maxBytes: USER_METADATA_MAX_BYTES,
    optional: true,
    description: `For everyone who sees the user. ${MERGE_DESCRIPTION}`,
  })
  public?: Record<string, unknown>;

  @JsonField({
    maxBytes: USER_METADATA_MAX_BYTES,
    optional: true,
    description: `For the user and the host product. ${MERGE_DESCRIPTION}`,
  })
  private?: Record<string, unknown>;
}

/** What the host product knows of a user; omitted fields are unchanged. */
export class UserEntryDto {
  @FieldRule(requireExternalId)
  @TextField({ min: 1, max: EXTERNAL_ID_MAX, description: 'The id in the host product', example: '42' })
  external_id: string;

  @FieldRule(requireUsername)
  @TextField({ max: 64, optional: true, description: 'Of a new user: derived from the other fields if omitted' })
  username?: string;

  @FieldRule(requireDisplayName)
  @TextField({
    max: 320,
    optional: true,
    description: 'At most 80 characters; of a new user: the user name if omitted',
    example: 'Ana Lima',
  })
  display_name?: string;

  @FieldRule(requireEmail)
  @TextField({ max: 320, optional: true, nullable: true, example: 'ana@example.com' })
  email?: string | null;

  @FieldRule(requireAvatarUrl)
  @TextField({ max: 2048, optional: true, nullable: true, description: 'An https URL; the server never fetches it' })
  avatar_url?: string | null;

  @EnumField({ values: HOST_ROLES, optional: true, description: ROLE_DESCRIPTION })
  role?: HostRole;

  @NestedField({ type: () => UserMetadataPatchDto, optional: true })
  metadata?: UserMetadataPatchDto;
}

export class UpsertUsersDto {
  @EntriesField({
    type: () => UserEntryDto,
    max: BATCH_MAX,
    description: 'At most 1,000 entries in at most 1 MiB. A wrong entry does not affect the others',
  })
  users: object[];
}

export const ENTRY_OUTCOMES = ['created', 'updated', 'unchanged', 'error'] as const;
export type EntryOutcome = (typeof ENTRY_OUTCOMES)[number];

export class EntryProblemDto {
  @ApiProperty({ description: 'Path of the field in the entry' })
  field: string;

  @ApiProperty({ description: 'For people; may change' })
  reason: string;
}

export class EntryErrorDetailsDto {
  @ApiProperty({ type: [EntryProblemDto], required: false, description: 'With VALIDATION_ERROR: every problem' })
  errors?: EntryProblemDto[];

  @ApiProperty({ required: false, description: 'With ALREADY_EXISTS: the field whose value another user has' })
  field?: string;
}

export class EntryErrorDto {
  @ApiProperty({ description: 'A code of the errors of the API', example: 'VALIDATION_ERROR' })
  code: string;

  @ApiProperty({ description: 'For people; may change' })
  message: string;

  @ApiProperty({ type: EntryErrorDetailsDto })
  details: EntryErrorDetailsDto;
}

export class EntryResultDto {
  @ApiProperty({ type: String, nullable: true, description: 'Of the entry; null if it has none' })
  external_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null with the outcome `error`' })
  id: string | null;

  @ApiProperty({ enum: ENTRY_OUTCOMES })
  outcome: EntryOutcome;

  @ApiProperty({ type: EntryErrorDto, required: false, description: 'Only with the outcome `error`' })
  error?: EntryErrorDto;
}

export class UpsertResultDto {
  @ApiProperty({ type: [EntryResultDto], description: 'One result for each entry, in the order of the entries' })
  data: EntryResultDto[];
}

export class ExternalIdsQuery {
  /** In a query string, `external_ids=a,b` and `external_ids=a&external_ids=b` are equivalent. */
  @NormaliseWith((value) => (typeof value === 'string' ? value.split(',') : value))
  @TextListField({
    max: READ_MAX,
    maxLength: EXTERNAL_ID_MAX,
    description: 'Ids in the host product, separated by commas; repeat the parameter for an id with a comma',
  })
  external_ids: string[];
}

export class UsersByExternalIdDto {
  @ApiProperty({ type: [UserDto], description: 'The users that exist, in the order of the ids' })
  data: UserDto[];

  @ApiProperty({ type: [String], description: 'The ids that no user has' })
  missing: string[];
}

export class UpdateHostUserDto extends UpdateProfileDto {
  @FieldRule(requireExternalId)
  @TextField({
    min: 1,
    max: EXTERNAL_ID_MAX,
    optional: true,
    description: 'The id in the host product, for a user who has none; it never changes',
    example: '42',
  })
  external_id?: string;

  @FieldRule(requireUsername)
  @TextField({ max: 64, optional: true, example: 'ana' })
  username?: string;

  @FieldRule(requireEmail)
  @TextField({ max: 320, optional: true, nullable: true, example: 'ana@example.com' })
  email?: string | null;

  @EnumField({ values: HOST_ROLES, optional: true, description: ROLE_DESCRIPTION })
  role?: HostRole;

  @NestedField({ type: () => UserMetadataPatchDto, optional: true })
  metadata?: UserMetadataPatchDto;
}
