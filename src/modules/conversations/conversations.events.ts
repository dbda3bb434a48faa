/**
 * Durable, of a conversation's stream; nothing comes after it. The events of a user's own stream:
 * participants.events.ts.
 */
export const CONVERSATION_DELETED = 'conversation.deleted';
/** Told outside only: who takes part hears `conversation.added` on his own stream. */
export const CONVERSATION_CREATED = 'conversation.created';
