import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { FEED_STATUSES } from '../../modules/messages/message-feed.js';
import {
  BODY_TEXT_MAX,
  BooleanField,
  EnumField,
  IntField,
  NestedField,
  TextField,
  TextListField,
  UuidField,
  UuidListField,
} from '../../platform/validation/fields.js';
import { JsonField } from '../../platform/validation/json-field.js';
import { UserIdListField } from '../../platform/validation/user-id-field.js';
import { TimeField } from '../../platform/validation/time-field.js';
import { METADATA_REF } from '../../platform/validation/safe-json.js';
import { NormaliseWith } from '../../platform/validation/normalise.js';

const METADATA_MAX_BYTES = 16_384;
const NAME_MAX = 200;
const DESCRIPTION_MAX = 2000;
const ADDED_USERS_MAX = 256;
const MESSAGE_TYPES = ['text', 'image', 'file', 'system'] as const;
export const DIRECT_ROLES = ['owner', 'admin', 'member'] as const;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** A time, or a day, which becomes its first or its last millisecond. */
function TimeOrDayField(options: { isEnd: boolean; description: string }): PropertyDecorator {
  const timeOfDay = options.isEnd ? 'T23:59:59.999Z' : 'T00:00:00.000Z';
  const dayToTime = NormaliseWith((value) =>
    typeof value === 'string' && DAY.test(value) ? value + timeOfDay : value,
  );
  // Documented in another format than a time, because a day is not a time.
  const documentation = ApiProperty({
    format: 'date-or-date-time',
    description: options.description,
    example: '2024-03-01',
  });
  return applyDecorators(TimeField({ optional: true }), dayToTime, documentation) as PropertyDecorator;
}

export class DirectSendDto {
  @UuidField({
    optional: true,
    description: 'The id of a user or a group; exactly one of the three ids is required',
    example: '01930000-0000-7000-8000-000000000000',
  })
  receiver_id?: string;

  @UuidField({ optional: true })
  conversation_id?: string;

  @UuidField({ optional: true })
  group_id?: string;

  @TextField({ max: BODY_TEXT_MAX, example: 'Hello, world!' })
  content: string;

  @EnumField({
    values: MESSAGE_TYPES,
    optional: true,
    description: 'text if omitted; system is reserved for the server',
  })
  type?: (typeof MESSAGE_TYPES)[number];

  @JsonField({
    maxBytes: METADATA_MAX_BYTES,
    optional: true,
    description: 'Stored unchanged; `reply_to` and `mentions` take effect if they contain ids',
  })
  metadata?: Record<string, unknown>;

  @UuidListField({
    max: 10,
    optional: true,
    description: 'Files that the sender has uploaded; each may be used in one message',
  })
  attachment_ids?: string[];

  @TextField({ min: 1, max: 128, optional: true, description: 'Idempotency key' })
  client_message_id?: string;
}

export class DirectListQuery {
  @UuidField({ optional: true, description: 'All conversations of the caller if omitted' })
  conversation_id?: string;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @UuidField({ optional: true, description: 'The id of the last message of the previous page' })
  before?: string;

  @UuidField({ optional: true, description: 'The id of the first message of the previous page' })
  after?: string;

  @EnumField({ values: FEED_STATUSES, optional: true, description: 'active: not deleted' })
  status?: (typeof FEED_STATUSES)[number];

  @EnumField({ values: MESSAGE_TYPES, optional: true })
  type?: (typeof MESSAGE_TYPES)[number];

  @TimeOrDayField({ isEnd: false, description: 'A time, or a day: 2024-03-01' })
  from?: string;

  @TimeOrDayField({ isEnd: true, description: 'A time, or a day, which is included' })
  to?: string;
}

export class DirectCreateGroupSettingsDto {
  @BooleanField({ optional: true })
  is_private?: boolean;

  @BooleanField({ optional: true })
  allow_invites?: boolean;

  @IntField({ min: 1, max: 3650, optional: true, nullable: true })
  message_retention_days?: number | null;
}

export class DirectCreateGroupDto {
  @TextField({ min: 1, max: NAME_MAX, example: 'Group Name' })
  name: string;

  @TextField({ max: DESCRIPTION_MAX, optional: true, example: 'Group description' })
  description?: string;

  @UserIdListField({ max: ADDED_USERS_MAX, optional: true })
  members?: string[];

  @NestedField({ type: () => DirectCreateGroupSettingsDto, optional: true })
  settings?: DirectCreateGroupSettingsDto;
}

export class DirectCreateWebhookDto {
  @TextField({ min: 1, max: 2048, example: 'https://your-server.com/webhook' })
  url: string;

  @TextListField({ max: 50, maxLength: 64, example: ['message.created', 'user.updated'] })
  events: string[];

  @TextField({
    max: 256,
    optional: true,
    description: 'The signing secret, at least 12 characters; generated if omitted',
  })
  secret?: string;
}

export class DirectTypingFrameDto {
  @UuidField({ optional: true, description: 'Ignored; the typing user is the authenticated one' })
  user_id?: string;

  @UuidField()
  conversation_id: string;

  @BooleanField({ optional: true, description: 'true if omitted' })
  is_typing?: boolean;
}

export class DirectPingFrameDto {}

export class DirectMessageDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ format: 'uuid' })
  sender_id: string;

  @ApiProperty({ description: 'Empty if deleted' })
  content: string;

  @ApiProperty()
  is_deleted: boolean;

  @ApiProperty({ enum: MESSAGE_TYPES })
  type: string;

  @ApiProperty({ enum: ['sent', 'delivered', 'read'] })
  status: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty(METADATA_REF)
  metadata: Record<string, unknown>;
}

export class DirectSentDto extends DirectMessageDto {
  @ApiProperty({ format: 'uuid', description: 'As given in the request; the conversation if none was' })
  receiver_id: string;
}

export class DirectMessagePageDto {
  @ApiProperty({ type: [DirectMessageDto], description: 'Newest first' })
  messages: DirectMessageDto[];

  @ApiProperty()
  has_more: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'For `before`, or for `after` if the request used that' })
  next_cursor: string | null;
}

export class DirectMemberDto {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ enum: DIRECT_ROLES })
  role: (typeof DIRECT_ROLES)[number];

  @ApiProperty({ format: 'date-time' })
  joined_at: string;
}

export class DirectGroupSettingsDto {
  @ApiProperty()
  is_private: boolean;

  @ApiProperty()
  allow_invites: boolean;

  @ApiProperty({ type: Number, nullable: true })
  message_retention_days: number | null;
}

export class DirectGroupDto {
  @ApiProperty({ format: 'uuid', description: 'The conversation id of its messages' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty()
  description: string;

  @ApiProperty({ type: String, nullable: true })
  owner_id: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ type: [DirectMemberDto] })
  members: DirectMemberDto[];

  @ApiProperty({ type: DirectGroupSettingsDto })
  settings: DirectGroupSettingsDto;
}

export class DirectWebhookDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  url: string;

  @ApiProperty({ type: [String] })
  events: string[];

  @ApiProperty({ description: 'Only this response contains it' })
  secret: string;

  @ApiProperty({ description: 'false until the URL has passed the challenge' })
  is_active: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}
