import { REPORT_CREATED, REPORT_RESOLVED } from '../admin/moderation/moderation.events.js';
import { CONVERSATION_CREATED, CONVERSATION_DELETED } from '../conversations/conversations.events.js';
import { FILE_SCANNED } from '../files/files.events.js';
import { CONVERSATION_TRUNCATED } from '../messages/history/history.events.js';
import {
  MESSAGE_CREATED,
  MESSAGE_DELETED,
  MESSAGE_UPDATED,
  POLL_UPDATED,
  REACTION_ADDED,
  REACTION_REMOVED,
  USER_UNREAD_REMINDER,
} from '../messages/messages.events.js';
import { SAVED_MESSAGE_DUE } from '../messages/saved/saved-messages.events.js';
import { INVITATION_CREATED, INVITATION_ENDED } from '../participants/invitations/invitations.events.js';
import { JOIN_REQUEST_CREATED, JOIN_REQUEST_ENDED } from '../participants/join-requests/join-requests.events.js';
import {
  CONVERSATION_UPDATED,
  PARTICIPANT_BANNED,
  PARTICIPANT_JOINED,
  PARTICIPANT_LEFT,
  PARTICIPANT_UNBANNED,
  PARTICIPANT_UPDATED,
  RECEIPT_UPDATED,
} from '../participants/participants.events.js';
import { USER_BANNED, USER_CREATED, USER_UPDATED } from '../users/users.events.js';
import type { WebhookBodyDto, WebhookData } from './webhook-data.dto.js';
import {
  CONVERSATION,
  MESSAGE,
  INVITATION,
  ANA,
  BO,
  AT,
  context,
  message,
  messageFields,
  conversation,
  invitedTo,
  joinRequest,
  participant,
  user,
  reaction,
  poll,
  report,
} from './webhook-samples.js';
import { WEBHOOK_DISABLED } from './webhooks.events.js';

/** One type of event that a webhook can subscribe to. */
export interface CataloguedEvent {
  readonly type: string;
  readonly summary: string;
  /** The `data` of a delivery. */
  readonly sample: WebhookData;
}

/** Every type that a webhook can subscribe to, with a sample of its data. Names are those of the realtime events. */
export const WEBHOOK_EVENTS: readonly CataloguedEvent[] = [
  {
    type: MESSAGE_CREATED,
    summary: 'A message was sent',
    sample: { ...context, ...messageFields, content: 'Hello!', message },
  },
  {
    type: MESSAGE_UPDATED,
    summary: 'A message was edited',
    sample: {
      ...context,
      ...messageFields,
      content: 'Hello, all!',
      message: { ...message, content: 'Hello, all!', is_edited: true },
    },
  },
  {
    type: MESSAGE_DELETED,
    summary: 'A message was deleted; its content is gone',
    sample: { ...context, ...messageFields, content: '', message: { ...message, content: '', is_deleted: true } },
  },
  {
    type: REACTION_ADDED,
    summary: 'A user reacted to a message',
    sample: { ...reaction, reactions: [{ emoji: '👍', count: 1, user_ids: [ANA] }] },
  },
  { type: REACTION_REMOVED, summary: 'A reaction was removed', sample: { ...reaction, reactions: [] } },
  {
    type: POLL_UPDATED,
    summary: 'A user voted on a poll, or it was closed',
    sample: { ...context, message_id: MESSAGE, sequence_number: 5, poll },
  },
  { type: CONVERSATION_CREATED, summary: 'A conversation was created', sample: { ...context, conversation } },
  {
    type: CONVERSATION_UPDATED,
    summary: 'The title, description or settings of a conversation changed',
    sample: { ...context, conversation },
  },
  {
    type: CONVERSATION_TRUNCATED,
    summary: 'Moderators have deleted all messages of a conversation up to a number',
    sample: { ...context, up_to_number: 5 },
  },
  { type: CONVERSATION_DELETED, summary: 'A conversation was deleted', sample: context },
  {
    type: PARTICIPANT_JOINED,
    summary: 'A user joined a conversation or was added to it',
    sample: { ...context, user_id: BO, participant },
  },
  {
    type: PARTICIPANT_LEFT,
    summary: 'A participant left or was removed',
    sample: { ...context, user_id: BO, reason: 'left' },
  },
  {
    type: PARTICIPANT_UPDATED,
    summary: 'The role or the mute of a participant changed',
    sample: { ...context, user_id: BO, participant: { ...participant, role: 'moderator' } },
  },
  {
    type: PARTICIPANT_BANNED,
    summary: 'A user was banned from a conversation',
    sample: { ...context, user_id: BO, until: null },
  },
  {
    type: PARTICIPANT_UNBANNED,
    summary: 'The ban of a user from a conversation was ended',
    sample: { ...context, user_id: BO },
  },
  {
    type: INVITATION_CREATED,
    summary: 'A user was invited to a conversation',
    sample: {
      actor_id: ANA,
      user_id: BO,
      invitation: {
        id: INVITATION,
        user_id: BO,
        invited_by: ANA,
        invited_by_name: 'Ana',
        created_at: AT,
        expires_at: '2026-12-21T06:11:00.123Z',
        conversation: invitedTo,
      },
    },
  },
  {
    type: INVITATION_ENDED,
    summary: 'An invitation was accepted, declined or withdrawn',
    sample: {
      actor_id: BO,
      user_id: BO,
      invitation_id: INVITATION,
      conversation_id: CONVERSATION,
      outcome: 'accepted',
    },
  },
  {
    type: JOIN_REQUEST_CREATED,
    summary: 'A user has asked to join a conversation',
    sample: { actor_id: BO, user_id: BO, join_request: joinRequest },
  },
  {
    type: JOIN_REQUEST_ENDED,
    summary: 'A join request was approved, declined or withdrawn, or has expired',
    sample: {
      actor_id: null,
      user_id: BO,
      join_request_id: joinRequest.id,
      conversation_id: CONVERSATION,
      outcome: 'approved',
    },
  },
  {
    type: RECEIPT_UPDATED,
    summary: 'Participants have received or read messages; at most five times a second for each conversation',
    sample: {
      conversation_id: CONVERSATION,
      read_by_all_number: 4,
      delivered_to_all_number: 5,
      marks: [{ user_id: BO, last_read_number: 5, last_read_message_id: MESSAGE, last_delivered_number: 5 }],
    },
  },
  {
    type: REPORT_CREATED,
    summary: 'A user has reported something; only for webhooks of admins',
    sample: { actor_id: ANA, ...report, outcome: null },
  },
  {
    type: REPORT_RESOLVED,
    summary: 'A moderator has resolved a report; only for webhooks of admins',
    sample: { actor_id: null, ...report, outcome: 'removed' },
  },
  {
    type: USER_CREATED,
    summary: 'An account was created; only for webhooks of admins',
    sample: { actor_id: BO, user_id: BO, user },
  },
  { type: USER_UPDATED, summary: 'A profile, name or role changed', sample: { actor_id: BO, user_id: BO, user } },
  {
    type: USER_BANNED,
    summary: 'An account was banned; only for webhooks of admins',
    sample: { actor_id: ANA, user_id: BO, reason: 'spam', until: null, user },
  },
  {
    type: USER_UNREAD_REMINDER,
    summary: 'A user has had unread messages for UNREAD_REMINDER_MINUTES and is offline; off by default',
    sample: { actor_id: null, user_id: BO, since: AT, conversation_count: 1, conversation_ids: [CONVERSATION] },
  },
  {
    type: SAVED_MESSAGE_DUE,
    summary: 'The time has come at which a user wants to be reminded of a message',
    sample: { actor_id: null, user_id: BO, message_id: MESSAGE, conversation_id: CONVERSATION, remind_at: AT },
  },
  {
    type: FILE_SCANNED,
    summary: 'The checks of a file have ended: it is ready or rejected',
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
      'Another webhook of the same owner was disabled, because it failed for days, its receiver responded 410, or its URL failed the challenge',
    sample: { actor_id: null, user_id: ANA, webhook_id: '019a0000-0000-7000-8000-00000000000c', reason: 'failing' },
  },
];

export const WEBHOOK_EVENT_TYPES: readonly string[] = WEBHOOK_EVENTS.map(({ type }) => type);

/** Every type of event with a complete body, without its signature. */
export function webhookCatalogue(): { data: { type: string; summary: string; sample: WebhookBodyDto }[] } {
  return {
    data: WEBHOOK_EVENTS.map(({ type, summary, sample }) => ({
      type,
      summary,
      sample: { event: type, timestamp: AT, data: sample },
    })),
  };
}
