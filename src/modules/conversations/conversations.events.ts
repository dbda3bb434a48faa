/**
 * The last durable event of a conversation's stream. For the events of a user's own stream see participants.events.ts.
 */
export const CONVERSATION_DELETED = 'conversation.deleted';
/** For webhooks only: participants receive `conversation.added` on their own streams. */
export const CONVERSATION_CREATED = 'conversation.created';
