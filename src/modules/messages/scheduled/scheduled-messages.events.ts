import { ApiProperty } from '@nestjs/swagger';
import { ScheduledMessageDto } from './scheduled-messages.dto.js';

/** Durable events of the author's own stream; `subjectId` is the scheduled message. */
export const SCHEDULED_MESSAGE_UPDATED = 'scheduled_message.updated';
/** payload: `ScheduledMessageRemovedData` without the id. */
export const SCHEDULED_MESSAGE_REMOVED = 'scheduled_message.removed';

/** Why a scheduled message is no longer scheduled. */
export const REMOVAL_REASONS = ['sent', 'held', 'deleted'] as const;
export type RemovalReason = (typeof REMOVAL_REASONS)[number];

export class ScheduledMessageData {
  @ApiProperty({ type: ScheduledMessageDto })
  scheduled_message: ScheduledMessageDto;
}

export class ScheduledMessageRemovedData {
  @ApiProperty({ format: 'uuid' })
  scheduled_message_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({
    enum: REMOVAL_REASONS,
    description: 'sent: it is a message now; held: a moderator reviews it; deleted: by its author',
  })
  reason: RemovalReason;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The message; null unless it was sent' })
  message_id: string | null;
}
