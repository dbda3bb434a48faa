import type { AdminStatsDto } from '../../modules/admin/monitoring/stats.dto.js';
import type { LoginResponseDto } from '../../modules/auth/auth.dto.js';
import type { FileDto } from '../../modules/files/files.dto.js';
import { textOfMessage } from '../../modules/messages/message-text.js';
import type { MessageDto, SendMessageDto } from '../../modules/messages/messages.dto.js';
import type { UserDto } from '../../modules/users/users.dto.js';
import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import type { HealthReport } from '../../platform/health/health.js';
import type { ChatStatsDto } from './chat-admin.dto.js';
import type { ChatLoginResponseDto, ChatUserDto } from './chat-users.dto.js';
import type { ChatFileDto, ChatMessageDto, SendChatMessageDto, ChatHealthDto } from './chat.dto.js';

export function presentUser(user: UserDto): ChatUserDto {
  const { id, username, email, display_name, profile, role, status, last_seen, created_at } = user;
  const { bio, avatar_url, location } = profile;
  return { id, username, email, display_name, bio, avatar_url, location, role, status, last_seen, created_at };
}

export function presentLogin(answer: LoginResponseDto): ChatLoginResponseDto {
  const { access_token, refresh_token, token_type, expires_in, device_token, user } = answer;
  return { access_token, refresh_token, token_type, expires_in, device_token, user: presentUser(user) };
}

/** `chatId` is the identifier of the conversation that clients use: a slug or an id. */
export function presentMessage(
  message: MessageDto,
  { chatId, publicUrl }: { chatId: string; publicUrl: string },
): ChatMessageDto {
  const { id, sender_id, sender_name, message_type, created_at, updated_at } = message;
  const { status, attachments, is_edited, is_deleted, client_message_id } = message;
  return {
    id,
    chat_id: chatId,
    sender_id,
    sender_name,
    content: textOfMessage(message),
    message_type,
    created_at,
    updated_at,
    status,
    attachments: attachments.map((file) => presentFile(file, publicUrl)),
    is_edited,
    is_deleted,
    ...(client_message_id !== undefined && { client_message_id }),
  };
}

export function toSendMessage({
  content,
  message_type,
  attachments,
  client_message_id,
}: Omit<SendChatMessageDto, 'chat_id' | 'recipient_id'>): SendMessageDto {
  return {
    content,
    ...(message_type !== undefined && { message_type }),
    ...(attachments && attachments.length > 0 && { attachment_ids: attachments }),
    ...(client_message_id !== undefined && { client_message_id }),
  };
}

export function presentFile(file: FileDto, publicUrl: string): ChatFileDto {
  return { ...file, filename: file.file_name, file_url: publicUrl + file.url };
}

export function presentStats(stats: AdminStatsDto): ChatStatsDto {
  const { users, conversations, messages, storage, days, connections, as_of } = stats;
  return {
    total_users: users.total,
    active_users: days.at(-1)?.people ?? 0,
    online_users: users.online,
    banned_users: users.banned,
    new_users_today: users.new_today,
    users_by_role: users.by_role,
    total_chats: conversations.total,
    chats_by_type: conversations.by_type,
    total_messages: messages.total,
    messages_today: messages.today,
    total_files: storage.files,
    storage_used: storage.bytes,
    active_connections: connections.total,
    timestamp: as_of,
  };
}

export function presentHealth(): ChatHealthDto {
  return { status: 'healthy', message: 'The chat API is running', timestamp: new Date().toISOString() };
}

/** The health of the database only. @throws ServiceUnavailable when it is unavailable */
export function presentDatabase({ components }: HealthReport): ChatHealthDto {
  if (components.database?.status !== 'healthy') throw new ServiceUnavailable();
  return { status: 'connected', message: 'The database responds', timestamp: new Date().toISOString() };
}
