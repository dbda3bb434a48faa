import { ContactDto, LocationDto } from '../messages/typed-attachments/typed-attachments.dto.js';
import { ApiProperty } from '@nestjs/swagger';
import { EnumField, NestedField, TextField } from '../../platform/validation/fields.js';
import { JsonField } from '../../platform/validation/json-field.js';
import { UserIdListField } from '../../platform/validation/user-id-field.js';
import { FieldRule, InputRule } from '../../platform/validation/input-rules.js';
import { CAPABILITIES, type Capability } from '../participants/capabilities.constants.js';
import {
  ADDED_AT_ONCE_MAX,
  CONVERSATION_NAME,
  CONVERSATION_TYPES,
  type ConversationType,
  PARTICIPANT_ROLES,
  ParticipantDto,
  type ParticipantRole,
  REASON_DESCRIPTION,
  REASON_MAX,
} from '../participants/participants.dto.js';
import { ConversationSettingsDto, SettingsDto } from './conversation-settings.dto.js';
import { METADATA_REF } from '../../platform/validation/safe-json.js';
import { MERGED_METADATA, METADATA_MAX_BYTES } from '../../platform/validation/merged-metadata.js';
import { problemsOfNewConversation, requirePicture, requireSlug, cleanTitle } from './conversation-fields.policy.js';

const TITLE_MAX = 200;
const DESCRIPTION_MAX = 2000;
const PICTURE = {
  max: 2048,
  description:
    'An https URL, or `/api/v1/pictures/` and the id of an image uploaded for this conversation; clients show it beside the title',
  example: 'https://example.com/team.png',
};
const SLUG = /^[a-z0-9][a-z0-9_-]{1,62}$/;
const CATEGORY = /^[a-z0-9][a-z0-9_-]{0,62}$/;

@InputRule(problemsOfNewConversation)
export class CreateConversationDto {
  @EnumField({ values: CONVERSATION_TYPES, example: 'group' })
  type: ConversationType;

  @TextField({
    min: 1,
    max: 63,
    optional: true,
    description: 'The conversation type, for example `broadcast`, which is one of rooms; when omitted: that of `type`',
  })
  type_name?: string;

  @FieldRule(cleanTitle)
  @TextField({
    max: TITLE_MAX,
    optional: true,
    nullable: true,
    description: 'Ignored for a direct conversation',
    example: 'Plans',
  })
  title?: string | null;

  @TextField({ max: DESCRIPTION_MAX, optional: true })
  description?: string;

  @UserIdListField({ max: ADDED_AT_ONCE_MAX, optional: true, description: 'For a direct conversation: the other user' })
  participant_ids?: string[];

  @TextField({ min: 1, max: 63, pattern: CATEGORY, optional: true, description: 'Rooms only' })
  category?: string;

  @FieldRule(requireSlug)
  @TextField({ min: 2, max: 63, pattern: SLUG, optional: true, description: 'Rooms only; a name for use in URLs' })
  slug?: string;

  @NestedField({ type: () => ConversationSettingsDto, optional: true })
  settings?: ConversationSettingsDto;

  @FieldRule(requirePicture)
  @TextField({ ...PICTURE, optional: true, nullable: true })
  picture?: string | null;

  @JsonField({ maxBytes: METADATA_MAX_BYTES, optional: true, description: 'Data of the host product' })
  metadata?: Record<string, unknown>;
}

export class ExternalConversationParam {
  @TextField({ max: CONVERSATION_NAME.max, description: '`external:` and the id of the host product, URL-encoded' })
  id: string;
}

export class UpdateConversationDto {
  @FieldRule(cleanTitle)
  @TextField({ max: TITLE_MAX, optional: true, nullable: true })
  title?: string | null;

  @TextField({ max: DESCRIPTION_MAX, optional: true })
  description?: string;

  @NestedField({
    type: () => ConversationSettingsDto,
    optional: true,
    description: 'Merged into the existing settings',
  })
  settings?: ConversationSettingsDto;

  @FieldRule(requirePicture)
  @TextField({ ...PICTURE, optional: true, nullable: true })
  picture?: string | null;

  @JsonField({ maxBytes: METADATA_MAX_BYTES, optional: true, description: MERGED_METADATA })
  metadata?: Record<string, unknown>;

  @TextField({ max: REASON_MAX, optional: true, description: REASON_DESCRIPTION })
  reason?: string;
}

export class LastMessageDto {
  @ApiProperty()
  id: string;

  @ApiProperty({ description: 'The number of the message: counts messages' })
  sequence_number: number;

  @ApiProperty({ description: 'The position of its event message.created: counts all durable events' })
  seq: number;

  @ApiProperty()
  sender_id: string;

  @ApiProperty()
  sender_name: string;

  @ApiProperty()
  message_type: string;

  @ApiProperty({ description: 'Empty when deleted' })
  content: string;

  @ApiProperty({ type: LocationDto, nullable: true })
  location: LocationDto | null;

  @ApiProperty({ type: ContactDto, nullable: true })
  contact: ContactDto | null;

  @ApiProperty({ type: String, nullable: true, description: 'Of a forwarded message: the text that was forwarded' })
  forwarded_content: string | null;

  @ApiProperty()
  is_edited: boolean;

  @ApiProperty()
  is_deleted: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

/** The part of a conversation that is the same for all participants. */
export class ConversationSummaryDto {
  @ApiProperty()
  id: string;

  @ApiProperty({ enum: CONVERSATION_TYPES })
  type: ConversationType;

  @ApiProperty({ description: 'The conversation type, which has the switches and limits', example: 'broadcast' })
  type_name: string;

  @ApiProperty({ type: String, nullable: true })
  slug: string | null;

  @ApiProperty({ type: String, nullable: true })
  category: string | null;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty()
  description: string;

  @ApiProperty({ type: String, nullable: true, description: 'null: created by the server' })
  created_by: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;

  @ApiProperty()
  participant_count: number;

  @ApiProperty({ type: SettingsDto })
  settings: SettingsDto;

  @ApiProperty({ type: String, nullable: true, description: 'The id in the host product, if it has one' })
  external_id: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'An https URL, or a path that begins with `/api/v1/pictures/`',
  })
  picture: string | null;

  @ApiProperty({ ...METADATA_REF, description: 'Data of the host product' })
  metadata: Record<string, unknown>;
}

/** A conversation as one participant sees it. */
export class ConversationDto extends ConversationSummaryDto {
  @ApiProperty({ enum: PARTICIPANT_ROLES, nullable: true, description: 'The role of the caller' })
  role: ParticipantRole | null;

  @ApiProperty({ enum: CAPABILITIES, isArray: true, description: 'What the caller may do here now' })
  own_capabilities: Capability[];

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  last_message_at: string | null;

  @ApiProperty()
  is_archived: boolean;

  @ApiProperty()
  is_muted: boolean;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  muted_until: string | null;

  @ApiProperty()
  is_pinned: boolean;

  @ApiProperty({ description: 'Not listed until the next message: there is none above hidden_at_number' })
  is_hidden: boolean;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'The sequence_number of the newest message when the caller has hidden the conversation; null: not hidden',
  })
  hidden_at_number: number | null;

  @ApiProperty({ ...METADATA_REF, description: 'The caller’s own data for the conversation, for them alone' })
  membership_metadata: Record<string, unknown>;

  @ApiProperty({
    type: [ParticipantDto],
    description: 'The first 20: owner, admins, moderators, participants; each in order of joining',
  })
  participants: ParticipantDto[];

  @ApiProperty({ type: LastMessageDto, nullable: true })
  last_message: LastMessageDto | null;

  @ApiProperty({ description: 'Messages above last_read_number, without those of the caller, deleted and system ones' })
  unread_count: number;

  @ApiProperty({ description: 'Messages above last_read_number that mention the caller' })
  mention_count: number;

  @ApiProperty({
    description: 'sequence_number of the newest message read; lower after the caller has marked messages as unread',
  })
  last_read_number: number;

  @ApiProperty({
    description: 'Last position of the conversation in the snapshot of this response: subscribe from here',
  })
  at_seq: number;
}
