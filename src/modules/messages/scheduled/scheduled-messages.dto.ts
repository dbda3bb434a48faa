import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../../platform/pagination/page.js';
import { BODY_TEXT_MAX, TextField, UuidField, UuidListField } from '../../../platform/validation/fields.js';
import { JsonField } from '../../../platform/validation/json-field.js';
import { METADATA_REF } from '../../../platform/validation/safe-json.js';
import { TimeField } from '../../../platform/validation/time-field.js';
import { MentionsField, type SentMentions } from '../mentions-field.js';
import { ATTACHMENTS_MAX, METADATA_MAX_BYTES, SendMessageDto, SENDABLE_TYPES } from '../messages.dto.js';
import { ContactDto, LocationDto } from '../typed-attachments/typed-attachments.dto.js';
import { NewPollDto } from '../polls/polls.dto.js';

const SEND_AT = { description: 'When it is sent: a time in the future', example: '2100-01-01T09:00:00Z' };

/** A message as its author sends it, and when. */
export class ScheduleMessageDto extends SendMessageDto {
  @TimeField(SEND_AT)
  send_at: string;
}

/** What is absent stays as it is. */
export class UpdateScheduledMessageDto {
  @TextField({ max: BODY_TEXT_MAX, optional: true, description: 'The new text' })
  content?: string;

  @MentionsField()
  mentions?: SentMentions;

  @UuidListField({ max: ATTACHMENTS_MAX, optional: true, description: 'Replaces the files' })
  attachment_ids?: string[];

  @JsonField({ maxBytes: METADATA_MAX_BYTES, optional: true, description: 'Replaces the data' })
  metadata?: Record<string, unknown>;

  @TimeField({ ...SEND_AT, optional: true })
  send_at?: string;
}

export class ScheduledMessageIdParam {
  @UuidField()
  id: string;
}

export const SCHEDULED_STATUSES = ['scheduled', 'failed'] as const;

export class ScheduledMessageErrorDto {
  @ApiProperty({ description: 'The code that a send would have been refused with', example: 'PERMISSION_DENIED' })
  code: string;

  @ApiProperty()
  message: string;
}

/** A message that waits for its time, or that could not be sent. */
export class ScheduledMessageDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({
    description: 'That of the message once it is sent; the id of the scheduled message if none was given',
  })
  client_message_id: string;

  @ApiProperty({ enum: SENDABLE_TYPES })
  message_type: string;

  @ApiProperty({ description: 'As written: it is cleaned and checked when it is sent' })
  content: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  reply_to_id: string | null;

  @ApiProperty({ type: [String], description: 'The users it names' })
  mentions: string[];

  @ApiProperty({ type: [String], format: 'uuid' })
  attachment_ids: string[];

  @ApiProperty(METADATA_REF)
  metadata: Record<string, unknown>;

  @ApiProperty({ type: [String], required: false, description: 'Absent if all participants will see it' })
  visible_to?: string[];

  @ApiProperty({ type: NewPollDto, required: false, description: 'Absent if it has no poll' })
  poll?: NewPollDto;

  @ApiProperty({ type: LocationDto, required: false, description: 'Absent if it has none' })
  location?: LocationDto;

  @ApiProperty({ type: ContactDto, required: false, description: 'Absent if it has none' })
  contact?: ContactDto;

  @ApiProperty()
  silent: boolean;

  @ApiProperty()
  skip_push: boolean;

  @ApiProperty({ format: 'date-time' })
  send_at: string;

  @ApiProperty({
    enum: SCHEDULED_STATUSES,
    description: 'failed: it is not sent unless its author gives it a new time',
  })
  status: (typeof SCHEDULED_STATUSES)[number];

  @ApiProperty({
    type: ScheduledMessageErrorDto,
    nullable: true,
    description: 'Why it was not sent; of one that is still scheduled, why it is late',
  })
  error: ScheduledMessageErrorDto | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class ScheduledMessagePageDto extends PageOf(ScheduledMessageDto) {}
