import type { ConversationDto } from '../../modules/conversations/conversations.dto.js';
import type { ConversationStatistics } from '../../modules/conversations/conversation-statistics.service.js';
import type { FileDto } from '../../modules/files/files.dto.js';
import { textOfMessage } from '../../modules/messages/message-text.js';
import { linesOfAttachments } from '../../modules/messages/typed-attachments/typed-attachments.js';
import type { MessageDto, SendMessageDto } from '../../modules/messages/messages.dto.js';
import type {
  MessagingAttachmentDto,
  MessagingConversationDto,
  MessagingMessageDto,
  MessagingStatisticsDto,
  SendMessagingMessageDto,
} from './messaging.dto.js';

/** Returns the absolute URL of a file, which needs no credential and is for one viewer only. */
export type FileUrlOf = (fileId: string) => string;

/** The user who reads a message: their id, read mark and file URLs. */
export interface MessageViewer {
  readonly userId: string;
  readonly lastReadNumber: number;
  readonly urlOf: FileUrlOf;
}

export function presentConversation(conversation: ConversationDto): MessagingConversationDto {
  const { id, type, title, created_at, updated_at, participant_count, unread_count } = conversation;
  const last = conversation.last_message;
  return {
    conversation_id: id,
    type,
    title,
    created_at,
    updated_at: last && last.created_at > updated_at ? last.created_at : updated_at,
    participants: conversation.participants.map(({ user_id }) => user_id),
    participant_count,
    unread_count,
    last_message: last && {
      message_id: last.id,
      content: textOfLast(last),
      sender_id: last.sender_id,
      created_at: last.created_at,
    },
  };
}

export function presentMessage(message: MessageDto, viewer: MessageViewer): MessagingMessageDto {
  const isOwn = message.sender_id === viewer.userId;
  return {
    message_id: message.id,
    conversation_id: message.conversation_id,
    sequence_number: message.sequence_number,
    content: textOfMessage(message),
    is_deleted: message.is_deleted,
    sender_id: message.sender_id,
    sender_name: message.sender_name,
    message_type: message.message_type,
    created_at: message.created_at,
    is_read: isOwn ? message.status === 'read' : message.sequence_number <= viewer.lastReadNumber,
    attachments: message.attachments.map((file) => presentAttachment(file, viewer.urlOf)),
  };
}

export function presentAttachment(file: FileDto, urlOf: FileUrlOf): MessagingAttachmentDto {
  const { id, file_name, file_type, file_category, file_size, uploaded_at, status } = file;
  const file_url = urlOf(id);
  return { attachment_id: id, file_name, file_type, file_category, file_size, file_url, uploaded_at, status };
}

export function presentStatistics(statistics: ConversationStatistics): MessagingStatisticsDto {
  return {
    total_conversations: statistics.conversations,
    total_messages: statistics.messages,
    total_unread: statistics.unread,
    recent_activity: statistics.recent.map(({ conversationId, lastMessageAt, unread }) => ({
      conversation_id: conversationId,
      last_message_at: lastMessageAt.toISOString(),
      unread_count: unread,
    })),
  };
}

/** Combines the two fields that may contain files. */
export function toSendMessage(
  content: string,
  { message_type, attachment_id, attachment_ids = [], client_message_id }: Omit<SendMessagingMessageDto, 'content'>,
): SendMessageDto {
  const ids = [...new Set([...(attachment_id ? [attachment_id] : []), ...attachment_ids])];
  return {
    content,
    ...(message_type !== undefined && { message_type }),
    ...(ids.length > 0 && { attachment_ids: ids }),
    ...(client_message_id !== undefined && { client_message_id }),
  };
}

function textOfLast(last: NonNullable<ConversationDto['last_message']>): string {
  const { content, forwarded_content: forwarded, location, contact } = last;
  const typed = linesOfAttachments({ location: location ?? undefined, contact: contact ?? undefined });
  return [content, ...typed, forwarded ?? ''].filter((line) => line !== '').join('\n');
}
