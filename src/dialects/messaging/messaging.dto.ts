import { ApiProperty } from '@nestjs/swagger';
import { requireCursor } from '../../platform/pagination/page.js';
import { FieldRule } from '../../platform/validation/input-rules.js';
import {
  BODY_TEXT_MAX,
  BooleanField,
  EnumField,
  IntField,
  TextField,
  UuidField,
  UuidListField,
} from '../../platform/validation/fields.js';
import { UserIdListField } from '../../platform/validation/user-id-field.js';
import { FILE_CATEGORIES, type FileCategory } from '../../modules/files/file-types.js';
import { MESSAGE_TYPES, type MessageType } from '../../modules/messages/messages.dto.js';

const ATTACHMENTS_MAX = 10;
const OTHERS_MAX = 100;
const ID = { format: 'uuid' } as const;
const TIME = { format: 'date-time' } as const;

export class CreateMessagingConversationDto {
  @UserIdListField({
    max: OTHERS_MAX,
    description: 'The other users: one for a direct conversation, several for a group',
  })
  participant_ids: string[];
}

export class ListMessagingMessagesQuery {
  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: 'Opaque; `next_cursor` of the previous page' })
  cursor?: string;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;
}

/** Optional fields of a message, over HTTP and sockets. */
class MessagingMessageOptions {
  @EnumField({
    values: MESSAGE_TYPES,
    optional: true,
    description: 'text if omitted; system is reserved for the server',
  })
  message_type?: MessageType;

  @UuidField({ optional: true, nullable: true, description: 'The id of an upload' })
  attachment_id?: string | null;

  @UuidListField({ max: ATTACHMENTS_MAX, optional: true, description: 'The ids of several uploads' })
  attachment_ids?: string[];

  @TextField({
    min: 1,
    max: 128,
    optional: true,
    description: 'Idempotency key: a repeated send with it stores one message',
  })
  client_message_id?: string;
}

export class SendMessagingMessageDto extends MessagingMessageOptions {
  @TextField({
    max: BODY_TEXT_MAX,
    optional: true,
    description: 'Optional with an attachment',
    example: 'Hello!',
  })
  content?: string;
}

export class MessagingMessageFrameDto extends MessagingMessageOptions {
  @TextField({ max: BODY_TEXT_MAX, description: 'The text', example: 'Hello, world!' })
  message: string;
}

export class MessagingTypingFrameDto {
  @BooleanField({ description: 'true when typing starts, false when it stops' })
  is_typing: boolean;
}

export class MessagingUploadDto {
  @TextField({ max: 1000, optional: true, description: 'A description for users who cannot see the file' })
  description?: string;
}

export class MessagingAttachmentDto {
  @ApiProperty(ID)
  attachment_id: string;

  @ApiProperty({ example: 'document.pdf' })
  file_name: string;

  @ApiProperty({ example: 'application/pdf' })
  file_type: string;

  @ApiProperty({ enum: FILE_CATEGORIES })
  file_category: FileCategory;

  @ApiProperty({ type: 'integer', example: 1_024_000 })
  file_size: number;

  @ApiProperty({ description: 'Valid for five minutes without a credential, only for the caller' })
  file_url: string;

  @ApiProperty(TIME)
  uploaded_at: string;

  @ApiProperty({ description: 'It is served once it is ready' })
  status: string;
}

export class MessagingMessageDto {
  @ApiProperty(ID)
  message_id: string;

  @ApiProperty(ID)
  conversation_id: string;

  @ApiProperty({ type: 'integer' })
  sequence_number: number;

  @ApiProperty({ description: 'Empty if deleted', example: 'Hello!' })
  content: string;

  @ApiProperty()
  is_deleted: boolean;

  @ApiProperty(ID)
  sender_id: string;

  @ApiProperty({ example: 'John Doe' })
  sender_name: string;

  @ApiProperty({ enum: MESSAGE_TYPES })
  message_type: MessageType;

  @ApiProperty(TIME)
  created_at: string;

  @ApiProperty({ description: 'Whether the caller has read it; for their own messages, whether all others have' })
  is_read: boolean;

  @ApiProperty({ type: [MessagingAttachmentDto] })
  attachments: MessagingAttachmentDto[];
}

export class MessagingMessagePageDto {
  @ApiProperty({ type: [MessagingMessageDto], description: 'Newest first' })
  results: MessagingMessageDto[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;

  @ApiProperty()
  has_more: boolean;
}

export class MessagingLastMessageDto {
  @ApiProperty(ID)
  message_id: string;

  @ApiProperty()
  content: string;

  @ApiProperty(ID)
  sender_id: string;

  @ApiProperty(TIME)
  created_at: string;
}

export class MessagingConversationDto {
  @ApiProperty(ID)
  conversation_id: string;

  @ApiProperty({ enum: ['direct', 'group', 'room'] })
  type: string;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty(TIME)
  created_at: string;

  @ApiProperty(TIME)
  updated_at: string;

  @ApiProperty({ type: [String], description: 'The first twenty' })
  participants: string[];

  @ApiProperty({ type: 'integer' })
  participant_count: number;

  @ApiProperty({ type: 'integer' })
  unread_count: number;

  @ApiProperty({ type: MessagingLastMessageDto, nullable: true })
  last_message: MessagingLastMessageDto | null;
}

export class MessagingActivityDto {
  @ApiProperty(ID)
  conversation_id: string;

  @ApiProperty(TIME)
  last_message_at: string;

  @ApiProperty({ type: 'integer' })
  unread_count: number;
}

export class MessagingStatisticsDto {
  @ApiProperty({ type: 'integer' })
  total_conversations: number;

  @ApiProperty({ type: 'integer' })
  total_messages: number;

  @ApiProperty({ type: 'integer' })
  total_unread: number;

  @ApiProperty({ type: [MessagingActivityDto], description: 'At most ten' })
  recent_activity: MessagingActivityDto[];
}

export class CsrfDto {
  @ApiProperty({ description: 'For the header X-CSRFToken' })
  csrf_token: string;

  @ApiProperty({ description: 'The same under the name that some clients use' })
  csrfToken: string;

  @ApiProperty({ description: 'Whether a cookie session exists from now on' })
  is_authenticated: boolean;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  user_id: string | null;
}
