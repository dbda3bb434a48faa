import { DomainEvent } from '../../platform/event-log/domain-events.js';

/** Durable events of a conversation's stream; `subjectId` is the participant. */
export const PARTICIPANT_JOINED = 'participant.joined';
export const PARTICIPANT_LEFT = 'participant.left';
export const PARTICIPANT_UPDATED = 'participant.updated';
/** Durable events of a user's own stream; `subjectId` is the conversation. */
export const CONVERSATION_ADDED = 'conversation.added';
export const CONVERSATION_REMOVED = 'conversation.removed';
/** On a user's own stream, with payload {me}: the user's own flags of the conversation. */
export const CONVERSATION_UPDATED = 'conversation.updated';

/** The marks of one participant after they have read or received more than before. */
export interface MovedMark {
  readonly conversationId: string;
  readonly userId: string;
  readonly lastReadNumber: number;
  readonly unreadCount: number;
  readonly hasReadMoved: boolean;
}

/** Marks have moved. The numbers are those after the commit; a user with several devices is listed once. */
export class ReadStateChanged extends DomainEvent {
  static readonly type = 'participant.marks_moved';
  readonly type = ReadStateChanged.type;

  constructor(readonly moves: readonly MovedMark[]) {
    super();
  }
}
