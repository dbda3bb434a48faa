import { ApiProperty } from '@nestjs/swagger';
import { BODY_TEXT_MAX, EnumField, TextField, UuidField, UuidListField } from '../../platform/validation/fields.js';
import { JsonField } from '../../platform/validation/json-field.js';
import { METADATA_REF } from '../../platform/validation/safe-json.js';

const METADATA_MAX_BYTES = 16_384;
const MESSAGE_TYPES = ['text', 'image', 'file', 'system'] as const;

export class ClassroomSendDto {
  @TextField({ min: 1, max: BODY_TEXT_MAX, example: 'Hello, everyone!' })
  content: string;

  @EnumField({
    values: MESSAGE_TYPES,
    optional: true,
    description: 'text if omitted; system is reserved for the server',
  })
  message_type?: (typeof MESSAGE_TYPES)[number];

  @UuidField({ optional: true, nullable: true, description: 'A message of the same conversation' })
  reply_to_id?: string | null;

  @JsonField({
    maxBytes: METADATA_MAX_BYTES,
    optional: true,
    nullable: true,
    example: { emoji: '👋' },
  })
  metadata?: Record<string, unknown> | null;

  @UuidListField({
    max: 10,
    optional: true,
    description: 'Files uploaded to this conversation; each may be used in one message',
  })
  attachment_ids?: string[];

  @TextField({ min: 1, max: 128, optional: true, description: 'Idempotency key' })
  client_message_id?: string;
}

export class ClassroomEditDto {
  @TextField({ min: 1, max: BODY_TEXT_MAX, example: 'Updated message content' })
  content: string;
}

export class ClassroomMessageDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ format: 'uuid' })
  sender_id: string;

  @ApiProperty({ example: 'John Doe' })
  sender_name: string;

  @ApiProperty({ description: 'Empty if deleted', example: 'Hello, everyone!' })
  content: string;

  @ApiProperty({ enum: MESSAGE_TYPES })
  message_type: string;

  @ApiProperty({ type: String, nullable: true })
  reply_to_id: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Previous message' })
  reply_to_content: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;

  @ApiProperty()
  is_edited: boolean;

  @ApiProperty()
  is_deleted: boolean;

  @ApiProperty(METADATA_REF)
  metadata: Record<string, unknown>;

  @ApiProperty({ type: () => [ClassroomFileDto] })
  attachments: ClassroomFileDto[];

  @ApiProperty({ enum: ['sent', 'delivered', 'read'] })
  status: string;
}

export class ClassroomMessageListDto {
  @ApiProperty({ type: [ClassroomMessageDto], description: 'Newest first' })
  messages: ClassroomMessageDto[];

  @ApiProperty()
  page: number;

  @ApiProperty()
  limit: number;

  @ApiProperty()
  total: number;

  @ApiProperty()
  has_more: boolean;
}

export class ClassroomFileDto {
  @ApiProperty({ format: 'uuid', description: 'For `attachment_ids` of a message' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty()
  file_name: string;

  @ApiProperty({ example: 'image/png' })
  file_type: string;

  @ApiProperty()
  file_size: number;

  @ApiProperty({ description: 'A path of this server; requires the token' })
  file_url: string;

  @ApiProperty({ enum: ['pending', 'scanning', 'ready', 'rejected'] })
  status: string;

  @ApiProperty({ format: 'date-time' })
  uploaded_at: string;
}
