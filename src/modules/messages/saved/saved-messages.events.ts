import { ApiProperty } from '@nestjs/swagger';
import { SavedMessageMarkDto } from './saved-messages.dto.js';

/** Durable events of a user's own stream; `subjectId` is the message. */
export const SAVED_MESSAGE_UPDATED = 'saved_message.updated';
/** payload: {conversation_id} */
export const SAVED_MESSAGE_REMOVED = 'saved_message.removed';
/** Also a webhook; payload: {conversation_id, remind_at} */
export const SAVED_MESSAGE_DUE = 'saved_message.due';

export class SavedMessageData {
  @ApiProperty({ type: SavedMessageMarkDto })
  saved_message: SavedMessageMarkDto;
}

export class SavedMessageRemovedData {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;
}

export class SavedMessageDueData extends SavedMessageRemovedData {
  @ApiProperty({ format: 'date-time', description: 'The time that the user has chosen' })
  remind_at: string;
}
