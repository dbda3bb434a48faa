import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../../platform/pagination/page.js';
import { BooleanField } from '../../../platform/validation/fields.js';
import { TimeField } from '../../../platform/validation/time-field.js';
import { PageQuery } from '../message-queries.dto.js';
import { MessageDto } from '../messages.dto.js';

export class SaveMessageDto {
  @TimeField({
    optional: true,
    nullable: true,
    description: 'When to remind the caller: a time in the future; null removes it, and if omitted it stays',
    example: '2100-01-01T09:00:00Z',
  })
  remind_at?: string | null;
}

export class ListSavedMessagesQuery extends PageQuery {
  @BooleanField({ optional: true, description: 'true: only those with a reminder that is still to come' })
  with_reminder?: boolean;
}

/** That a user has saved a message. */
export class SavedMessageMarkDto {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ format: 'date-time' })
  saved_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'The reminder that is still to come' })
  remind_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Time of the latest reminder' })
  reminded_at: string | null;
}

export class SavedMessageDto extends SavedMessageMarkDto {
  @ApiProperty({ type: MessageDto })
  message: MessageDto;
}

export class SavedMessagePageDto extends PageOf(SavedMessageDto) {}
