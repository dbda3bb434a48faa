import { CONVERSATION_CREATED, CONVERSATION_DELETED } from '../conversations/conversations.events.js';
import { FILE_SCANNED } from '../files/files.events.js';
import {
  MESSAGE_CREATED,
  MESSAGE_DELETED,
  MESSAGE_UPDATED,
  REACTION_ADDED,
  REACTION_REMOVED,
} from '../messages/messages.events.js';
import {
  CONVERSATION_UPDATED,
  PARTICIPANT_JOINED,
  PARTICIPANT_LEFT,
  PARTICIPANT_UPDATED,
} from '../participants/participants.events.js';
import { USER_BANNED, USER_CREATED, USER_UPDATED } from '../users/users.events.js';
import { WEBHOOK_DISABLED } from './webhooks.events.js';

/** One type of event a webhook may ask for. */
export interface CataloguedEvent {
  readonly type: string;
  readonly summary: string;
  /** `data` of a delivery. */
  readonly sample: object;
}

const CONVERSATION = '019a0000-0000-7000-8000-000000000001';
const MESSAGE = '019a0000-0000-7000-8000-000000000002';
const ANA = '019a0000-0000-7000-8000-00000000000a';
const BO = '019a0000-0000-7000-8000-00000000000b';
const AT = '2026-11-21T06:11:00.123Z';

const place = { conversation_id: CONVERSATION, seq: 7, actor_id: ANA };
const message = {
  id: MESSAGE,
  conversation_id: CONVERSATION,
  sequence_number: 5,
  seq: 7,
  sender_id: ANA,
  sender_name: 'Ana',
  message_type: 'text',
  content: 'Hello!',
  reply_to_id: null,
  reply_to_content: null,
  mentions: [],
  attachments: [],
  reactions: [],
  metadata: {},
  status: 'sent',
  is_edited: false,
  is_deleted: false,
  is_pinned: false,
  created_at: AT,
  updated_at: AT,
};
const flat = { message_id: MESSAGE, sender_id: ANA };
const conversation = {
  id: CONVERSATION,
  type: 'group',
  slug: null,
  category: null,
  title: 'Plans',
  description: '',
  created_by: ANA,
  created_at: AT,
  updated_at: AT,
  participant_count: 2,
  settings: {
    is_private: true,
    allow_invites: false,
    message_retention_days: null,
    slow_mode_seconds: 0,
    is_frozen: false,
  },
};
const person = { user_id: BO, username: 'bo', display_name: 'Bo', avatar_url: null };
const participant = { ...person, is_banned: false, role: 'participant', is_muted: false, joined_at: AT };
const user = {
  id: BO,
  username: 'bo',
  display_name: 'Bo',
  email: 'bo@example.com',
  status: 'offline',
  last_seen: null,
  profile: { bio: '', avatar_url: null, location: '' },
  role: 'user',
  created_at: AT,
};
const reaction = { ...place, message_id: MESSAGE, sequence_number: 5, emoji: '👍', user_id: ANA };

/** Every type a webhook may ask for, with what it is sent. Names are those of the realtime events. */
export const WEBHOOK_EVENTS: readonly CataloguedEvent[] = [
  {
    type: MESSAGE_CREATED,
    summary: 'A message was sent',
    sample: { ...place, ...flat, content: 'Hello!', message },
  },
  {
    type: MESSAGE_UPDATED,
    summary: 'A message was edited',
    sample: {
      ...place,
      ...flat,
      content: 'Hello, all!',
      message: { ...message, content: 'Hello, all!', is_edited: true },
    },
  },
  {
    type: MESSAGE_DELETED,
    summary: 'A message was deleted; its content is gone',
    sample: { ...place, ...flat, content: '', message: { ...message, content: '', is_deleted: true } },
  },
  {
    type: REACTION_ADDED,
    summary: 'Somebody reacted to a message',
    sample: { ...reaction, reactions: [{ emoji: '👍', count: 1, user_ids: [ANA] }] },
  },
  { type: REACTION_REMOVED, summary: 'A reaction was taken back', sample: { ...reaction, reactions: [] } },
  { type: CONVERSATION_CREATED, summary: 'A conversation was opened', sample: { ...place, conversation } },
  {
    type: CONVERSATION_UPDATED,
    summary: 'A conversation was renamed or set up anew',
    sample: { ...place, conversation },
  },
  { type: CONVERSATION_DELETED, summary: 'A conversation was ended for everybody', sample: place },
  { type: PARTICIPANT_JOINED, summary: 'Somebody takes part', sample: { ...place, user_id: BO, participant } },
  {
    type: PARTICIPANT_LEFT,
    summary: 'Somebody left or was removed',
    sample: { ...place, user_id: BO, reason: 'left' },
  },
  {
    type: PARTICIPANT_UPDATED,
    summary: 'Somebody has another role, or was muted',
    sample: { ...place, user_id: BO, participant: { ...participant, role: 'moderator' } },
  },
  {
    type: USER_CREATED,
    summary: 'An account was made; only to webhooks of admins',
    sample: { actor_id: BO, user_id: BO, user },
  },
  { type: USER_UPDATED, summary: 'A profile, name or role changed', sample: { actor_id: BO, user_id: BO, user } },
  {
    type: USER_BANNED,
    summary: 'An account was shut out; only to webhooks of admins',
    sample: { actor_id: ANA, user_id: BO, reason: 'spam', until: null, user },
  },
  {
    type: FILE_SCANNED,
    summary: 'The checks of a file are done: it is ready, or rejected',
    sample: {
      actor_id: null,
      user_id: BO,
      file_id: '019a0000-0000-7000-8000-00000000000f',
      status: 'ready',
      reason: null,
    },
  },
  {
    type: WEBHOOK_DISABLED,
    summary:
      'Another webhook of the same owner was disabled, because it failed for days, its receiver is gone, or its address did not answer the challenge',
    sample: { actor_id: null, user_id: ANA, webhook_id: '019a0000-0000-7000-8000-00000000000c', reason: 'failing' },
  },
];

export const WEBHOOK_EVENT_TYPES: readonly string[] = WEBHOOK_EVENTS.map(({ type }) => type);
