import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../platform/event-log/domain-events.js';
import { CAPABILITIES, type Capability } from './capabilities.constants.js';
import { EventParticipantDto } from './participants.dto.js';
import { UnreadTotalsDto } from './unread.dto.js';

/** Durable events of a conversation's stream; `subjectId` is the participant. */
export const PARTICIPANT_JOINED = 'participant.joined';
export const PARTICIPANT_LEFT = 'participant.left';
export const PARTICIPANT_UPDATED = 'participant.updated';
export const PARTICIPANT_BANNED = 'participant.banned';
export const PARTICIPANT_UNBANNED = 'participant.unbanned';
/** Durable events of a user's own stream; `subjectId` is the conversation. */
export const CONVERSATION_ADDED = 'conversation.added';
export const CONVERSATION_REMOVED = 'conversation.removed';
/** On a user's own stream, with payload {me}: the user's own preferences for the conversation. */
export const CONVERSATION_UPDATED = 'conversation.updated';
/** Signals of the read state. */
export const RECEIPT_UPDATED = 'receipt.updated';
export const UNREAD_CHANGED = 'unread.changed';
/** Signal of what the receiver may do in conversations. */
export const CAPABILITIES_CHANGED = 'capabilities.changed';

/** A participant who has read or received more than before. */
export interface MovedMark {
  readonly conversationId: string;
  readonly userId: string;
  readonly hasReadMoved: boolean;
}

/** Marks have moved. A user with several devices is listed once. */
export class ReadStateChanged extends DomainEvent {
  static readonly type = 'participant.marks_moved';
  readonly type = ReadStateChanged.type;

  constructor(readonly moves: readonly MovedMark[]) {
    super();
  }
}

/** What is unread in these conversations of users has changed, or whether it counts, without a mark that moved. */
export class UnreadChanged extends DomainEvent {
  static readonly type = 'participant.unread_changed';
  readonly type = UnreadChanged.type;

  constructor(readonly places: readonly { readonly conversationId: string; readonly userId: string }[]) {
    super();
  }
}

/** The `data` of `participant.joined` and `participant.updated`. */
export class ParticipantData {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ type: EventParticipantDto })
  participant: EventParticipantDto;
}

export class ParticipantLeftData {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ enum: ['left', 'removed'] })
  reason: 'left' | 'removed';
}

export class UnbanData {
  @ApiProperty({ format: 'uuid' })
  user_id: string;
}

export class BanData extends UnbanData {
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: unlimited' })
  until: string | null;
}

export class ReceiptMark {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ type: 'integer' })
  last_read_number: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The newest message of another user among the last 100 read',
  })
  last_read_message_id: string | null;

  @ApiProperty({ type: 'integer' })
  last_delivered_number: number;
}

export class ReceiptsData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer', description: 'All participants have read the messages up to this sequence_number' })
  read_by_all_number: number;

  @ApiProperty({
    type: 'integer',
    description: 'All participants have received the messages up to this sequence_number',
  })
  delivered_to_all_number: number;

  @ApiProperty({ type: [ReceiptMark], description: 'Marks that changed since the previous frame, at most 100' })
  marks: ReceiptMark[];
}

export class CapabilitiesData {
  @ApiProperty({
    type: [String],
    format: 'uuid',
    description: 'Conversations in which the user has these capabilities',
  })
  conversation_ids: string[];

  @ApiProperty({ enum: CAPABILITIES, isArray: true })
  own_capabilities: Capability[];
}

/** What is unread in one conversation, and in all. */
export class UnreadData extends UnreadTotalsDto {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer', description: 'In the conversation' })
  unread_count: number;

  @ApiProperty({ type: 'integer', description: 'Unread messages of the conversation that mention the user' })
  mention_count: number;

  @ApiProperty({ type: 'integer', description: 'Messages above this sequence_number are unread' })
  last_read_number: number;
}
