/** Durable, of a conversation's stream; nothing comes after it. The events of a user's own stream: participants.events.ts. */
export const CONVERSATION_DELETED = 'conversation.deleted';
