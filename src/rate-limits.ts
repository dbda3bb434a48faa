import { EXPORT_LIMIT, REPORT_LIMIT } from './modules/admin/admin.limits.js';
import { FAILED_LOGIN_LIMIT, LOGIN_LIMIT } from './modules/auth/auth.limits.js';
import { CONVERSATION_CREATE_LIMIT } from './modules/conversations/conversations.limits.js';
import { UPLOAD_LIMIT } from './modules/files/files.limits.js';
import { INVITATION_LIMIT, JOIN_REQUEST_LIMIT } from './modules/participants/participants.limits.js';
import {
  DRAFT_SAVE_LIMIT,
  LINK_PREVIEW_LIMIT,
  MENTION_ALL_LIMIT,
  MESSAGE_APPEND_LIMIT,
  MESSAGE_SEND_LIMIT,
} from './modules/messages/messages.limits.js';
import { TYPING_LIMIT } from './modules/presence/presence.limits.js';
import { WEBHOOK_HOST_VERIFICATION_LIMIT, WEBHOOK_VERIFICATION_LIMIT } from './modules/webhooks/webhooks.limits.js';
import {
  CALL_LIMIT,
  CONNECT_IP_LIMIT,
  CONNECT_LIMIT,
  type RateLimit,
  SERVER_KEY_LIMIT,
} from './platform/throttling/limits.js';

/**
 * Every rate limit of the application, in the order of `.env.example`. A limit that is not listed here works with its
 * declared numbers, but the environment cannot change them.
 */
export const RATE_LIMITS: readonly RateLimit[] = [
  MESSAGE_SEND_LIMIT,
  MESSAGE_APPEND_LIMIT,
  MENTION_ALL_LIMIT,
  DRAFT_SAVE_LIMIT,
  LINK_PREVIEW_LIMIT,
  CONVERSATION_CREATE_LIMIT,
  INVITATION_LIMIT,
  JOIN_REQUEST_LIMIT,
  UPLOAD_LIMIT,
  REPORT_LIMIT,
  TYPING_LIMIT,
  CONNECT_LIMIT,
  CONNECT_IP_LIMIT,
  CALL_LIMIT,
  SERVER_KEY_LIMIT,
  EXPORT_LIMIT,
  WEBHOOK_VERIFICATION_LIMIT,
  WEBHOOK_HOST_VERIFICATION_LIMIT,
  LOGIN_LIMIT,
  FAILED_LOGIN_LIMIT,
];
