import { ApiProperty } from '@nestjs/swagger';
import { FileDto } from '../../modules/files/files.dto.js';
import { MESSAGE_TYPES, type MessageStatus, type MessageType } from '../../modules/messages/messages.dto.js';
import {
  BODY_TEXT_MAX,
  BooleanField,
  EnumField,
  IntField,
  TextField,
  UuidField,
  UuidListField,
} from '../../platform/validation/fields.js';
import { UserIdField } from '../../platform/validation/user-id-field.js';
import { OFFSET_MAX } from '../../platform/pagination/page.js';

const ATTACHMENTS_MAX = 10;
const ID = { format: 'uuid' } as const;
const TIME = { format: 'date-time' } as const;

/** The target of a message; exactly one of the two fields. */
export class ChatTarget {
  @TextField({
    min: 1,
    max: 63,
    optional: true,
    nullable: true,
    description: 'A room by its slug, or any conversation by its id',
    example: 'general',
  })
  chat_id?: string | null;

  @UserIdField({ optional: true, nullable: true, description: 'The other user of a direct conversation' })
  recipient_id?: string | null;
}

/** Optional fields of a message, over HTTP and sockets. */
class ChatMessageOptions extends ChatTarget {
  @EnumField({
    values: MESSAGE_TYPES,
    optional: true,
    description: 'text if omitted; system is reserved for the server',
  })
  message_type?: MessageType;

  @UuidListField({ max: ATTACHMENTS_MAX, optional: true, nullable: true, description: 'Ids of uploads' })
  attachments?: string[] | null;

  @TextField({
    min: 1,
    max: 128,
    optional: true,
    description: 'Idempotency key: a repeated send with it stores one message',
  })
  client_message_id?: string;
}

export class SendChatMessageDto extends ChatMessageOptions {
  @TextField({ max: BODY_TEXT_MAX, example: 'Hello everyone!' })
  content: string;
}

export class ChatMessageFrameDto extends ChatMessageOptions {
  @TextField({ max: BODY_TEXT_MAX, example: 'Hello, world!' })
  message: string;
}

export class ListChatMessagesQuery extends ChatTarget {
  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @IntField({ min: 0, max: OFFSET_MAX, optional: true, description: 'The number of newest messages to skip' })
  skip?: number;
}

export class EditChatMessageDto {
  @TextField({ max: BODY_TEXT_MAX, example: 'Updated message content' })
  content: string;

  @BooleanField({ optional: true, description: 'Accepted, and always treated as true' })
  is_edited?: boolean;
}

export class ChatMessageParam {
  @UuidField()
  message_id: string;
}

export class ChatFileDto extends FileDto {
  @ApiProperty({ example: 'notes.pdf' })
  filename: string;

  @ApiProperty({ description: 'The absolute URL; requires the token' })
  file_url: string;
}

export class ChatMessageDto {
  @ApiProperty(ID)
  id: string;

  @ApiProperty({ description: 'The slug of a room that has one; otherwise the id', example: 'general' })
  chat_id: string;

  @ApiProperty(ID)
  sender_id: string;

  @ApiProperty({ example: 'John Doe' })
  sender_name: string;

  @ApiProperty({ description: 'Empty if deleted', example: 'Hello everyone!' })
  content: string;

  @ApiProperty({ enum: MESSAGE_TYPES })
  message_type: MessageType;

  @ApiProperty(TIME)
  created_at: string;

  @ApiProperty(TIME)
  updated_at: string;

  @ApiProperty({ enum: ['sent', 'delivered', 'read'], description: 'delivered and read: by all other participants' })
  status: MessageStatus;

  @ApiProperty({ type: [ChatFileDto], description: 'As in the response of POST /files/upload' })
  attachments: ChatFileDto[];

  @ApiProperty()
  is_edited: boolean;

  @ApiProperty()
  is_deleted: boolean;

  @ApiProperty({ required: false, description: 'Only for the sender' })
  client_message_id?: string;
}

export class ChatMessagePageDto {
  @ApiProperty({ type: [ChatMessageDto], description: 'Newest first' })
  messages: ChatMessageDto[];

  @ApiProperty({ type: 'integer' })
  total: number;

  @ApiProperty({ type: 'integer' })
  skip: number;

  @ApiProperty({ type: 'integer' })
  limit: number;
}

export class ChatConfirmationDto {
  @ApiProperty({ example: 'Message deleted' })
  message: string;
}

export class ChatHealthDto extends ChatConfirmationDto {
  @ApiProperty({ enum: ['healthy', 'connected'] })
  status: string;

  @ApiProperty(TIME)
  timestamp: string;
}
