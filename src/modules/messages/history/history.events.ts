import { ApiProperty } from '@nestjs/swagger';

/** Durable events of a user's own stream. `subjectId` is the message that the user has deleted for themselves. */
export const MESSAGE_HIDDEN = 'message.hidden';
/** `subjectId` is the conversation; payload: {hidden_up_to_number}. */
export const CONVERSATION_CLEARED = 'conversation.cleared';

/** Durable event of a conversation; `subjectId` is the conversation; payload: {hidden_up_to_number}. */
export const CONVERSATION_TRUNCATED = 'conversation.truncated';

/** The `data` of `message.hidden`; stored as its payload without the id of the message. */
export class MessageHiddenData {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer', description: 'Of the message' })
  sequence_number: number;
}

/** The `data` of `conversation.cleared` and `conversation.truncated`, and the responses of the calls that cause them. */
export class ConversationClearedData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer', description: 'No message up to this sequence_number is visible any more' })
  up_to_number: number;
}
