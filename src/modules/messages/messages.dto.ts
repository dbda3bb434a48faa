import { ApiProperty } from '@nestjs/swagger';
import {
  BODY_TEXT_MAX,
  BooleanField,
  EnumField,
  NestedField,
  TextField,
  UuidField,
  UuidListField,
} from '../../platform/validation/fields.js';
import { JsonField } from '../../platform/validation/json-field.js';
import { UserIdField, UserIdListField } from '../../platform/validation/user-id-field.js';
import { METADATA_REF } from '../../platform/validation/safe-json.js';
import { InputRule } from '../../platform/validation/input-rules.js';
import { problemsOfText } from './sanitize-content.js';
import { MessageAdditionsDto } from './message-additions.dto.js';
import { NewPollDto } from './polls/polls.dto.js';
import { AudienceField } from './audience-field.js';
import { QuoteDto } from './quote.dto.js';
import { ContactDto, LocationDto } from './typed-attachments/typed-attachments.dto.js';
import { ReactionDto } from './reaction.dto.js';
import { FileDto } from '../files/files.dto.js';
import { MENTION_SCOPES, MENTIONS_MAX, type MentionScope, MentionsField, type SentMentions } from './mentions-field.js';

export const ATTACHMENTS_MAX = 10;

/** The types that a client may send; only the server and server keys send `system` messages. */
export const SENDABLE_TYPES = ['text', 'image', 'file'] as const;
export const MESSAGE_TYPES = [...SENDABLE_TYPES, 'system'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];
export type MessageStatus = 'sent' | 'delivered' | 'read';
export const METADATA_MAX_BYTES = 16_384;

/** The sender chooses `client_message_id`. Sends that are repeated with it, over any transport, store one message. */
@InputRule((input: Partial<SendMessageDto>, config, wrong) =>
  input.attachment_ids?.length ||
  input.location ||
  input.contact ||
  ['attachment_ids', 'location', 'contact'].some((name) => wrong.has(name)) ||
  input.is_streaming ||
  ((input.poll || wrong.has('poll')) && input.content === undefined)
    ? []
    : problemsOfText(input, config),
)
export class SendMessageDto {
  @TextField({
    max: BODY_TEXT_MAX,
    optional: true,
    description:
      'Text of the message, at most CONTENT_MAX_LENGTH code points; required without attachments, poll, location and contact',
    example: 'Hello!',
  })
  content?: string;

  @EnumField({ values: MESSAGE_TYPES, optional: true, description: 'text when omitted; only server keys send system' })
  message_type?: MessageType;

  @UserIdField({
    optional: true,
    description: 'Only with a server key that does not act as a user: the sender; the system account when omitted',
  })
  sender_id?: string;

  @UuidField({ optional: true, nullable: true, description: 'A message of the same conversation' })
  reply_to_id?: string | null;

  @BooleanField({
    optional: true,
    description:
      'false: the reply is in the thread of the message only, and not listed in the conversation; true when omitted. ' +
      'Without effect without reply_to_id',
  })
  show_in_conversation?: boolean;

  @MentionsField()
  mentions?: SentMentions;

  @UuidListField({
    max: ATTACHMENTS_MAX,
    optional: true,
    description: 'Files that the sender has uploaded, each for one message; with them the content is optional',
  })
  attachment_ids?: string[];

  @JsonField({ maxBytes: METADATA_MAX_BYTES, optional: true })
  metadata?: Record<string, unknown>;

  @NestedField({
    type: () => NewPollDto,
    optional: true,
    description: 'A question to vote on; without content, the question is the text of the message',
  })
  poll?: NewPollDto;

  @NestedField({ type: () => LocationDto, optional: true, description: 'A place' })
  location?: LocationDto;

  @NestedField({
    type: () => ContactDto,
    optional: true,
    description: 'A person or a place with phone numbers and email addresses',
  })
  contact?: ContactDto;

  @BooleanField({
    optional: true,
    description: 'Delivered without an alert: clients show no notification. No push either',
  })
  silent?: boolean;

  @BooleanField({
    optional: true,
    description: 'The message begins without a text, which follows in appends (POST /messages/{id}/append)',
  })
  is_streaming?: boolean;

  @BooleanField({ optional: true, description: 'Its links get no previews' })
  no_preview?: boolean;

  @BooleanField({ optional: true, description: 'The host product sends no push for it' })
  skip_push?: boolean;

  @AudienceField()
  visible_to?: string[];

  @TextField({ min: 1, max: 128, optional: true, description: 'Idempotency key, unique per sender and conversation' })
  client_message_id?: string;
}

export class SendMessageFrameDto extends SendMessageDto {
  @UuidField()
  conversation_id: string;
}

@InputRule(problemsOfText)
export class EditMessageDto {
  @TextField({ max: BODY_TEXT_MAX, description: 'The new text' })
  content: string;

  @UserIdListField({ max: MENTIONS_MAX, optional: true })
  mentions?: string[];

  @JsonField({
    maxBytes: METADATA_MAX_BYTES,
    optional: true,
    description: 'Replaces the stored data; unchanged if omitted',
  })
  metadata?: Record<string, unknown>;
}

export class EditMessageFrameDto extends EditMessageDto {
  @UuidField()
  message_id: string;
}

export class MessageIdFrameDto {
  @UuidField()
  message_id: string;
}

export class MessageIdParam {
  @UuidField()
  id: string;
}

export class MessageDto extends MessageAdditionsDto {
  @ApiProperty()
  id: string;

  @ApiProperty()
  conversation_id: string;

  @ApiProperty({
    description:
      'The number of the message: counts the messages of the conversation, without gaps. Pages of messages ' +
      '(after_number, before_number) and read marks (last_read_number) use it',
  })
  sequence_number: number;

  @ApiProperty({
    description:
      'The position of its event message.created: counts all durable events of the conversation, without gaps. Only ' +
      'events use it (GET …/events?after_seq, subscribe); it is never below sequence_number',
  })
  seq: number;

  @ApiProperty()
  sender_id: string;

  @ApiProperty()
  sender_name: string;

  @ApiProperty({ enum: MESSAGE_TYPES })
  message_type: MessageType;

  @ApiProperty({ description: 'Empty when deleted' })
  content: string;

  @ApiProperty({ type: String, nullable: true })
  reply_to_id: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'null when that message was deleted' })
  reply_to_content: string | null;

  @ApiProperty({ type: QuoteDto, nullable: true, description: 'The quoted message; null unless this is a reply' })
  reply_to: QuoteDto | null;
  @ApiProperty({
    format: 'uuid',
    required: false,
    description: 'Only of a reply: the root of the thread. A reply to a reply belongs to the same thread',
  })
  thread_root_id?: string;

  @ApiProperty({ required: false, description: 'Only of a reply: whether it is listed in the conversation' })
  show_in_conversation?: boolean;

  @ApiProperty({ type: 'integer', required: false, description: 'Only of the root of a thread: its replies' })
  reply_count?: number;

  @ApiProperty({ format: 'date-time', required: false, description: 'Only of the root of a thread' })
  last_reply_at?: string;

  @ApiProperty({
    type: [String],
    required: false,
    description: 'Only of the root of a thread: the latest five users who replied, the latest first',
  })
  reply_user_ids?: string[];

  @ApiProperty({ type: [String], description: 'Participants who are mentioned by name' })
  mentions: string[];

  @ApiProperty({
    enum: MENTION_SCOPES,
    required: false,
    description: 'all: mentions every participant; here: mentions those who were online when it was sent',
  })
  mention_scope?: MentionScope;

  @ApiProperty({ type: [FileDto], description: 'In the order of the send' })
  attachments: FileDto[];

  @ApiProperty({ type: [ReactionDto] })
  reactions: ReactionDto[];

  @ApiProperty({
    ...METADATA_REF,
    description: 'As sent; with `sanitized: true` if something was removed from the content',
  })
  metadata: Record<string, unknown>;

  @ApiProperty({ enum: ['sent', 'delivered', 'read'] })
  status: MessageStatus;

  @ApiProperty()
  is_edited: boolean;

  @ApiProperty()
  is_deleted: boolean;

  @ApiProperty()
  is_pinned: boolean;

  @ApiProperty({ required: false, description: 'Only for the sender' })
  client_message_id?: string;

  @ApiProperty({ required: false, description: 'true: clients show no notification; otherwise absent' })
  silent?: true;

  @ApiProperty({ required: false, description: 'true: the host product sends no push; otherwise absent' })
  skip_push?: true;

  @ApiProperty({
    type: [String],
    required: false,
    description: 'The users who see the message besides its sender; absent if all participants do',
  })
  visible_to?: string[];

  @ApiProperty({ required: false, description: 'Only for moderators, keys and webhooks: a shadow-banned user sent it' })
  is_shadowed?: true;

  @ApiProperty({
    required: false,
    description:
      'true if the caller has blocked the sender, otherwise absent; events, which all receivers share, have none',
  })
  is_sender_blocked?: true;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}
