/** Durable events of a conversation's stream; `subjectId` is the message. Wire name, webhook type and metric label in one. */
export const MESSAGE_CREATED = 'message.created';
export const MESSAGE_UPDATED = 'message.updated';
export const MESSAGE_DELETED = 'message.deleted';
export const MESSAGE_PINNED = 'message.pinned';
export const MESSAGE_UNPINNED = 'message.unpinned';
/** payload: {emoji}; the actor is who reacts. */
export const REACTION_ADDED = 'reaction.added';
export const REACTION_REMOVED = 'reaction.removed';
