import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, EnumField, IntField, TextField, UuidField } from '../../platform/validation/fields.js';
import { UserIdField, UserIdListField } from '../../platform/validation/user-id-field.js';
import { NormaliseWith } from '../../platform/validation/normalise.js';

/** The content types of edits of messages and participants in the OpenAPI document. */
export const FORM_OR_JSON = ['application/json', 'application/x-www-form-urlencoded'];

const PAGE_MAX = 10_000;
const TITLE_MAX = 200;
const ADDED_USERS_MAX = 256;
const STATUS_USERS_MAX = 100;
export const CLASSROOM_TYPES = ['direct', 'group'] as const;
export const CLASSROOM_ROLES = ['participant', 'admin', 'moderator'] as const;
export type ClassroomRole = (typeof CLASSROOM_ROLES)[number];
const STATUSES = ['online', 'offline', 'away', 'busy'] as const;

export class ClassroomCreateConversationDto {
  @TextField({ max: TITLE_MAX, optional: true, nullable: true, example: 'Study Group' })
  title?: string | null;

  @EnumField({ values: CLASSROOM_TYPES, optional: true, description: 'group if omitted', example: 'group' })
  type?: (typeof CLASSROOM_TYPES)[number];

  @UserIdListField({ max: ADDED_USERS_MAX, description: 'Users; the caller is added in any case' })
  participant_ids: string[];
}

export class ClassroomUpdateConversationDto {
  @TextField({
    max: TITLE_MAX,
    optional: true,
    nullable: true,
    description: 'The title for all participants',
    example: 'Updated Title',
  })
  title?: string | null;

  @BooleanField({ optional: true, description: 'For the caller only' })
  is_archived?: boolean;
}

export class ClassroomPageQuery {
  @IntField({ min: 1, max: PAGE_MAX, optional: true, description: '1 if omitted' })
  page?: number;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;
}

export class ClassroomAddParticipantDto {
  @UserIdField()
  user_id: string;

  @EnumField({ values: CLASSROOM_ROLES, optional: true, example: 'participant' })
  role?: ClassroomRole;
}

export class ClassroomChangeParticipantDto {
  @EnumField({ values: CLASSROOM_ROLES, optional: true, example: 'moderator' })
  role?: ClassroomRole;

  @BooleanField({ optional: true, description: 'true: the participant may not write' })
  is_muted?: boolean;
}

export class ClassroomStatusQuery {
  /** In a URL: `user_ids=a&user_ids=b`; a single one is parsed as a text. */
  @NormaliseWith((value) => (typeof value === 'string' ? value.split(',') : value))
  @UserIdListField({
    max: STATUS_USERS_MAX,
    description: 'May be repeated; users without a common conversation are omitted from the response',
  })
  user_ids: string[];
}

export class ClassroomSetStatusDto {
  @EnumField({ values: STATUSES, optional: true, example: 'online' })
  status?: (typeof STATUSES)[number];

  @BooleanField({ optional: true })
  is_typing?: boolean;

  @UuidField({
    optional: true,
    nullable: true,
    description: 'The conversation in which the caller starts or stops typing',
  })
  typing_in_conversation?: string | null;
}

export class ClassroomConversationFrameDto {
  @TextField({ min: 1, max: 64, description: 'Id of the conversation, or slug of a room' })
  conversation_id: string;
}

export class ClassroomReadFrameDto extends ClassroomConversationFrameDto {
  @UuidField()
  message_id: string;
}

export class ClassroomParticipantDto {
  @ApiProperty()
  user_id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  user_name: string;

  @ApiProperty({ type: String, nullable: true })
  avatar_url: string | null;

  @ApiProperty({ enum: CLASSROOM_ROLES })
  role: ClassroomRole;

  @ApiProperty()
  is_muted: boolean;

  @ApiProperty({ description: 'Of this server' })
  is_banned: boolean;

  @ApiProperty({ format: 'date-time' })
  joined_at: string;
}

export class ClassroomConversationDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, nullable: true, example: 'Study Group' })
  title: string | null;

  @ApiProperty({ enum: CLASSROOM_TYPES, description: 'Rooms are presented as groups' })
  type: (typeof CLASSROOM_TYPES)[number];

  @ApiProperty({ type: String, nullable: true, description: 'null if the server created it' })
  created_by: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;

  @ApiProperty({ format: 'date-time', description: 'The time of creation if there are no messages' })
  last_message_at: string;

  @ApiProperty({ description: 'Whether the caller has archived it' })
  is_archived: boolean;

  @ApiProperty()
  is_deleted: boolean;

  @ApiProperty({ type: [ClassroomParticipantDto], description: 'The first 20' })
  participants: ClassroomParticipantDto[];

  @ApiProperty()
  participant_count: number;

  @ApiProperty()
  unread_count: number;
}

export class ClassroomConversationListDto {
  @ApiProperty({ type: [ClassroomConversationDto] })
  conversations: ClassroomConversationDto[];

  @ApiProperty()
  page: number;

  @ApiProperty()
  limit: number;

  @ApiProperty()
  total: number;

  @ApiProperty()
  has_more: boolean;
}

export class ClassroomConfirmationDto {
  @ApiProperty({ example: 'Message deleted' })
  message: string;
}

export class ClassroomStatusDto {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ enum: STATUSES })
  status: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  last_seen: string | null;

  @ApiProperty()
  is_typing: boolean;

  @ApiProperty({ type: String, nullable: true })
  typing_in_conversation: string | null;
}
