import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../platform/event-log/domain-events.js';
import { PollDto } from './polls/polls.dto.js';
import { MessageDto } from './messages.dto.js';
import { ReactionDto } from './reaction.dto.js';

/**
 * Durable events of a conversation's stream; `subjectId` is the message. Each is at once wire name, webhook type and
 * metric label.
 */
export const MESSAGE_CREATED = 'message.created';
export const MESSAGE_UPDATED = 'message.updated';
export const MESSAGE_DELETED = 'message.deleted';
export const MESSAGE_PINNED = 'message.pinned';
export const MESSAGE_UNPINNED = 'message.unpinned';
/** payload: {emoji}; the actor is the user who reacts. */
export const REACTION_ADDED = 'reaction.added';
export const REACTION_REMOVED = 'reaction.removed';

/** payload: {voter_id}; the actor is the voter or, of an anonymous poll, null. */
export const POLL_UPDATED = 'poll.updated';

/** For webhooks only, on the user's own stream; payload as in `UnreadReminderData`. */
export const USER_UNREAD_REMINDER = 'user.unread_reminder';

/** The `data` of a reminder. */
export class UnreadReminderData {
  @ApiProperty({ format: 'date-time', description: 'Time of the oldest of the messages that the reminder is about' })
  since: string;

  @ApiProperty({ type: 'integer', description: 'Conversations with such messages' })
  conversation_count: number;

  @ApiProperty({ type: [String], format: 'uuid', description: 'The first 20 of them' })
  conversation_ids: string[];
}

/**
 * This process has stored messages; the event log has their content. `readBySenderConversationIds` are the
 * conversations in which a sender had unread messages. Sending marks them as read, so the aggregated read mark may have
 * moved.
 */
export class MessagesStored extends DomainEvent {
  readonly type = 'messages.stored';

  constructor(
    readonly readBySenderConversationIds: string[],
    readonly conversationIds: string[],
  ) {
    super();
  }
}

/** The `data` of an event about a message: the message in its current state. */
export class MessageData {
  @ApiProperty({ type: MessageDto, description: 'Of a deleted message: the tombstone' })
  message: MessageDto;
}

/** The `data` of an event about a message that the receiver does not see. */
export class HiddenEventData {
  @ApiProperty({ enum: [true] })
  is_hidden: true;
}

/** The `data` of an event about the poll of a message. */
export class PollData {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ type: 'integer', description: 'Of the message' })
  sequence_number: number;

  @ApiProperty({ type: PollDto, nullable: true, description: 'null if the message was deleted' })
  poll: PollDto | null;
}

/** The `data` of an event about a reaction. */
export class ReactionData {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ type: 'integer', description: 'Of the message' })
  sequence_number: number;

  @ApiProperty()
  emoji: string;

  @ApiProperty({ format: 'uuid', description: 'The user who added or removed the reaction' })
  user_id: string;

  @ApiProperty({ type: [ReactionDto], description: 'All reactions to the message' })
  reactions: ReactionDto[];
}
