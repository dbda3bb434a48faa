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

/** One participant has read, or been handed, more than before. */
export interface MovedMark {
  readonly conversationId: string;
  readonly userId: string;
  readonly lastReadSeq: number;
  readonly unreadCount: number;
  readonly hasReadMoved: boolean;
}

/** Marks have moved. The numbers are those of the commit: of several devices each user is named once. */
export class ReadStateChanged extends DomainEvent {
  static readonly type = 'participant.marks_moved';
  readonly type = ReadStateChanged.type;

  constructor(readonly moves: readonly MovedMark[]) {
    super();
  }
}
