import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../platform/event-log/domain-events.js';
import { ConversationPreferencesDto } from '../participants/participants.dto.js';
import { ConversationSummaryDto } from './conversations.dto.js';

/**
 * The last durable event of a conversation's stream. For the events of a user's own stream see participants.events.ts.
 */
export const CONVERSATION_DELETED = 'conversation.deleted';
/** For webhooks only: participants receive `conversation.added` on their own streams. */
export const CONVERSATION_CREATED = 'conversation.created';

/** The settings of a conversation type have changed, and so those of its conversations. */
export class ConversationTypeChanged extends DomainEvent {
  static readonly type = 'conversation_type.changed';
  readonly type = ConversationTypeChanged.type;

  constructor(readonly name: string) {
    super();
  }
}

export class ConversationAddedData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer', description: 'Events of the conversation after this position follow' })
  since_seq: number;

  @ApiProperty({ type: ConversationSummaryDto, nullable: true, description: 'null when it was deleted since' })
  conversation: ConversationSummaryDto | null;
}

/** The `data` of `conversation.updated` for all participants. */
export class ConversationUpdatedData {
  @ApiProperty({ type: ConversationSummaryDto })
  conversation: ConversationSummaryDto;
}

/** The `data` of `conversation.updated` in a user’s own stream: their own preferences for the conversation. */
export class PreferencesChangedData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: ConversationPreferencesDto })
  me: ConversationPreferencesDto;
}

export class ConversationDeletedData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;
}

export class ConversationRemovedData extends ConversationDeletedData {
  @ApiProperty({ enum: ['left', 'removed', 'deleted'] })
  reason: string;
}
