import type { TokensDto } from '../../modules/auth/auth.dto.js';
import type { ConversationDto, CreateConversationDto } from '../../modules/conversations/conversations.dto.js';
import type { FeedPage, FeedQuery } from '../../modules/messages/message-feed.js';
import { textOfMessage } from '../../modules/messages/message-text.js';
import type { MessageDto, SendMessageDto } from '../../modules/messages/messages.dto.js';
import type { ParticipantDto, ParticipantRole } from '../../modules/participants/participants.dto.js';
import type { UserDto } from '../../modules/users/users.dto.js';
import type { WebhookWithSecretDto } from '../../modules/webhooks/webhooks.dto.js';
import { isUuid } from '../../platform/validation/fields.js';
import type {
  DIRECT_ROLES,
  DirectCreateGroupDto,
  DirectGroupDto,
  DirectListQuery,
  DirectMemberDto,
  DirectMessageDto,
  DirectMessagePageDto,
  DirectSendDto,
  DirectSentDto,
  DirectWebhookDto,
} from './direct.dto.js';
import type { DirectRegisteredDto, DirectTokensDto, DirectUserDto } from './direct-accounts.dto.js';

const MENTIONS_MAX = 50;

export function presentTokens({ access_token, refresh_token, expires_in, token_type }: TokensDto): DirectTokensDto {
  return { access_token, refresh_token, expires_in, token_type };
}

export function presentRegistered({
  id,
  email = null,
  username,
  display_name,
  created_at,
}: UserDto): DirectRegisteredDto {
  return { id, email, username, display_name, created_at };
}

export function presentUser({ id, username, display_name, status, last_seen, profile }: UserDto): DirectUserDto {
  return { id, username, display_name, status, last_seen: lastSeenOf(status, last_seen), profile };
}

/** A user who is online was last seen now. */
export function lastSeenOf(status: string, lastSeen: string | null): string | null {
  return status === 'offline' ? lastSeen : new Date().toISOString();
}

/** `reply_to` and `mentions` in `metadata` take effect if they contain ids; all of it is stored. */
export function toSendMessage({ content, type, metadata, ...dto }: DirectSendDto): SendMessageDto {
  const { reply_to: replyTo, mentions } = metadata ?? {};
  const userIds = Array.isArray(mentions) ? mentions.filter(isUuid) : [];
  return {
    content,
    message_type: type,
    ...(metadata && { metadata }),
    ...(isUuid(replyTo) && { reply_to_id: replyTo }),
    ...(userIds.length > 0 && { mentions: [...new Set(userIds.map((id) => id.toLowerCase()))].slice(0, MENTIONS_MAX) }),
    ...(dto.attachment_ids && { attachment_ids: dto.attachment_ids }),
    ...(dto.client_message_id !== undefined && { client_message_id: dto.client_message_id }),
  };
}

export function presentMessage(message: MessageDto): DirectMessageDto {
  return {
    id: message.id,
    conversation_id: message.conversation_id,
    sender_id: message.sender_id,
    content: textOfMessage(message),
    is_deleted: message.is_deleted,
    type: message.message_type,
    status: message.status,
    created_at: message.created_at,
    metadata: message.metadata,
  };
}

export function presentSent(message: MessageDto, receiverId: string | undefined): DirectSentDto {
  return { ...presentMessage(message), receiver_id: receiverId ?? message.conversation_id };
}

export function toFeedQuery({ conversation_id: conversationId, ...query }: DirectListQuery): FeedQuery {
  return { conversationId, ...query };
}

export function presentPage({ data, hasMore }: FeedPage, { after }: DirectListQuery): DirectMessagePageDto {
  const next = after === undefined ? data.at(-1) : data[0];
  return { messages: data.map(presentMessage), has_more: hasMore, next_cursor: hasMore ? (next?.id ?? null) : null };
}

export function pageHeaders({ total, page, limit }: FeedPage): Record<string, string> {
  return {
    'X-Pagination-Total': String(total),
    'X-Pagination-Pages': String(Math.ceil(total / limit)),
    'X-Pagination-Current-Page': String(page),
    'X-Pagination-Per-Page': String(limit),
  };
}

export function toCreateConversation({
  name,
  description,
  members,
  settings,
}: DirectCreateGroupDto): CreateConversationDto {
  return {
    type: 'group',
    title: name,
    ...(description !== undefined && { description }),
    ...(members && { participant_ids: members }),
    ...(settings && { settings }),
  };
}

export function presentGroup(group: ConversationDto, members: ParticipantDto[]): DirectGroupDto {
  const { is_private, allow_invites, message_retention_days } = group.settings;
  return {
    id: group.id,
    name: group.title ?? '',
    description: group.description,
    owner_id: members.find(({ role }) => role === 'owner')?.user_id ?? null,
    created_at: group.created_at,
    members: members.map(presentMember),
    settings: { is_private, allow_invites, message_retention_days },
  };
}

export function presentWebhook(webhook: WebhookWithSecretDto): DirectWebhookDto {
  const { id, url, events, secret, is_active, created_at } = webhook;
  return { id, url, events, secret, is_active, created_at };
}

function presentMember({ user_id, role, joined_at }: ParticipantDto): DirectMemberDto {
  return { user_id, role: roleOf(role), joined_at };
}

/** Moderators are presented as admins, because this dialect has three roles. */
function roleOf(role: ParticipantRole): (typeof DIRECT_ROLES)[number] {
  if (role === 'participant') return 'member';
  return role === 'owner' ? 'owner' : 'admin';
}
