import { defineLimit, perRole } from '../../platform/throttling/limits.js';

export const MESSAGE_SEND_LIMIT = defineLimit('message.send', {
  byRole: perRole(60, { moderator: 120, admin: 300 }),
  windowSeconds: 60,
  environment: 'LIMIT_MESSAGE_SEND',
  description: 'Messages one user may send or edit.',
});

export const MESSAGE_APPEND_LIMIT = defineLimit('message.append', {
  byRole: perRole(1200, { admin: 6000 }),
  windowSeconds: 60,
  environment: 'LIMIT_MESSAGE_APPEND',
  description: 'Appends to streaming messages one user may make.',
});

/** Streaming messages that are open at once: of one user, of one user in whose name a server key sends, in one process. */
export const OPEN_STREAMING_MAX = { perUser: 20, withServerKey: 1000, perProcess: 5000 };

export const DRAFT_SAVE_LIMIT = defineLimit('draft.save', {
  byRole: perRole(120),
  windowSeconds: 60,
  environment: 'LIMIT_DRAFT_SAVE',
  description: 'Drafts one user may save.',
});

export const LINK_PREVIEW_LIMIT = defineLimit('link.preview', {
  byRole: perRole(30),
  windowSeconds: 60,
  environment: 'LIMIT_LINK_PREVIEW',
  description: 'Pages that are fetched for the links in the messages of one user.',
});

export const MENTION_ALL_LIMIT = defineLimit('mention.all', {
  byRole: perRole(10, { moderator: 30, admin: 60 }),
  windowSeconds: 600,
  environment: 'LIMIT_MENTION_ALL',
  description: 'Messages with which one user may mention all participants of a conversation, or all who are online.',
});
