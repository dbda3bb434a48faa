import type { ConversationDto, CreateConversationDto } from '../../modules/conversations/conversations.dto.js';
import type { FileDto } from '../../modules/files/files.dto.js';
import { textOfMessage } from '../../modules/messages/message-text.js';
import type { MessageDto, SendMessageDto } from '../../modules/messages/messages.dto.js';
import type { ParticipantDto, ParticipantRole } from '../../modules/participants/participants.dto.js';
import type { PresenceDto } from '../../modules/presence/presence.dto.js';
import {
  DEFAULT_PAGE_SIZE,
  type OffsetPage,
  type OffsetRange,
  offsetRangeOfPage,
} from '../../platform/pagination/page.js';
import type {
  ClassroomConversationDto,
  ClassroomConversationListDto,
  ClassroomCreateConversationDto,
  ClassroomPageQuery,
  ClassroomParticipantDto,
  ClassroomRole,
  ClassroomStatusDto,
} from './classroom.dto.js';
import type {
  ClassroomFileDto,
  ClassroomMessageDto,
  ClassroomMessageListDto,
  ClassroomSendDto,
} from './classroom-messages.dto.js';

/** @throws ValidationError for a page beyond the maximum offset */
export function offsetRangeOf({ page = 1, limit = DEFAULT_PAGE_SIZE }: ClassroomPageQuery): OffsetRange {
  return offsetRangeOfPage(page, limit);
}

export function toCreateConversation({
  type = 'group',
  ...dto
}: ClassroomCreateConversationDto): CreateConversationDto {
  return { type, ...dto };
}

export function toSendMessage({ metadata, ...dto }: ClassroomSendDto): SendMessageDto {
  return { ...dto, ...(metadata && { metadata }) };
}

export function presentConversation(conversation: ConversationDto): ClassroomConversationDto {
  return {
    id: conversation.id,
    title: conversation.title,
    type: conversation.type === 'direct' ? 'direct' : 'group',
    created_by: conversation.created_by,
    created_at: conversation.created_at,
    updated_at: conversation.updated_at,
    last_message_at: conversation.last_message_at ?? conversation.created_at,
    is_archived: conversation.is_archived,
    is_deleted: false,
    participants: conversation.participants.map(presentParticipant),
    participant_count: conversation.participant_count,
    unread_count: conversation.unread_count,
  };
}

export function presentConversations(
  query: ClassroomPageQuery,
  { data, total }: OffsetPage<ConversationDto>,
): ClassroomConversationListDto {
  return { conversations: data.map(presentConversation), ...pagination(query, data.length, total) };
}

/** Owners are presented as admins, the highest role of this dialect. */
export function presentParticipant(participant: ParticipantDto): ClassroomParticipantDto {
  return {
    user_id: participant.user_id,
    username: participant.username,
    user_name: participant.display_name,
    avatar_url: participant.avatar_url,
    role: roleOf(participant.role),
    is_muted: participant.is_muted,
    is_banned: participant.is_banned,
    joined_at: participant.joined_at,
  };
}

export function presentMessage(message: MessageDto): ClassroomMessageDto {
  return {
    id: message.id,
    conversation_id: message.conversation_id,
    sender_id: message.sender_id,
    sender_name: message.sender_name,
    content: textOfMessage(message),
    message_type: message.message_type,
    reply_to_id: message.reply_to_id,
    reply_to_content: message.reply_to_content,
    created_at: message.created_at,
    updated_at: message.updated_at,
    is_edited: message.is_edited,
    is_deleted: message.is_deleted,
    metadata: message.metadata,
    attachments: message.attachments.map((file) => presentFile(message.conversation_id, file)),
    status: message.status,
  };
}

export function presentMessages(
  query: ClassroomPageQuery,
  { data, total }: OffsetPage<MessageDto>,
): ClassroomMessageListDto {
  return { messages: data.map(presentMessage), ...pagination(query, data.length, total) };
}

export function presentFile(conversationId: string, file: FileDto): ClassroomFileDto {
  return {
    id: file.id,
    conversation_id: conversationId,
    file_name: file.file_name,
    file_type: file.file_type,
    file_size: file.file_size,
    file_url: file.url,
    status: file.status,
    uploaded_at: file.uploaded_at,
  };
}

/** `typingIn` is the conversation in which the user types, if known. */
export function presentStatus(presence: PresenceDto, typingIn: string | null = null): ClassroomStatusDto {
  return {
    user_id: presence.user_id,
    status: presence.status,
    last_seen: presence.last_seen,
    is_typing: typingIn !== null,
    typing_in_conversation: typingIn,
  };
}

function roleOf(role: ParticipantRole): ClassroomRole {
  return role === 'owner' ? 'admin' : role;
}

function pagination(
  query: ClassroomPageQuery,
  count: number,
  total: number,
): { page: number; limit: number; total: number; has_more: boolean } {
  const { page = 1, limit = DEFAULT_PAGE_SIZE } = query;
  return { page, limit, total, has_more: (page - 1) * limit + count < total };
}
