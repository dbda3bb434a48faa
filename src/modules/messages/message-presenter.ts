import type { EventContent, ShownMessages } from '../../platform/event-log/stream-event.js';
import { cacheJson, toJson } from '../../platform/json/json-encoding.js';
import { FileDto, type FileRow } from '../files/files.dto.js';
import type { StoredForward } from './forwarding/forwarded.dto.js';
import { presentForwarded } from './forwarding/forwarded.js';
import type { MentionScope } from './mentions-field.js';
import { REACTION_ADDED, REACTION_REMOVED } from './messages.events.js';
import { type PollVotes, presentPoll } from './polls/poll.js';
import type { StoredPoll } from './polls/polls.dto.js';
import type { MessageDto, MessageStatus, MessageType, QuoteDto, ReactionDto } from './messages.dto.js';

/** A message as the repository reads it, with data of the tables joined to it. */
export interface MessageRow {
  id: string;
  conversation_id: string;
  sequence_number: number;
  seq: number;
  sender_id: string;
  sender_name: string | null;
  client_message_id: string | null;
  message_type: MessageType;
  content: string;
  reply_to_id: string | null;
  reply_to_content: string | null;
  reply_to_sender_id: string | null;
  reply_to_sender_name: string | null;
  reply_to_number?: number | null;
  thread_root_id: string | null;
  is_thread_only: boolean;
  is_silent: boolean;
  skips_push: boolean;
  /** Of the thread whose root the message is; null if it has none. */
  reply_count: number | null;
  last_reply_at: Date | null;
  reply_user_ids: string[] | null;
  mentions: string[];
  mention_scope: MentionScope | null;
  metadata: Record<string, unknown> | null;
  attachments: FileRow[] | null;
  reactions: ReactionDto[] | null;
  read_by_all_number: number | null;
  delivered_to_all_number: number | null;
  created_at: Date;
  edited_at: Date | null;
  deleted_at: Date | null;
  pinned_at: Date | null;
  poll?: StoredPoll | null;
  poll_votes?: PollVotes | null;
  forwarded?: StoredForward | null;
  /** The current name of the author of the forwarded message. */
  forwarded_sender_name?: string | null;
  /** In reads of several conversations: the reader sees no message of this one up to the number. */
  hidden_up_to_number?: number;
}

/**
 * A message as `viewerId` may see it. Undefined stands for any participant: the form that all receivers of an event
 * share. Only the sender receives the `client_message_id`. A quote of a message up to `hiddenUpTo` is left out.
 */
export function presentMessage(
  row: MessageRow,
  viewerId: string | undefined,
  hiddenUpTo = row.hidden_up_to_number ?? 0,
): MessageDto {
  const isQuoteHidden = (row.reply_to_number ?? Infinity) <= hiddenUpTo;
  const isDeleted = row.deleted_at !== null;
  const createdAt = row.created_at.toISOString();
  const updatedAt = row.deleted_at ?? row.edited_at;
  const message: MessageDto = {
    id: row.id,
    conversation_id: row.conversation_id,
    sequence_number: row.sequence_number,
    seq: row.seq,
    sender_id: row.sender_id,
    sender_name: row.sender_name ?? '',
    message_type: row.message_type,
    content: row.content,
    reply_to_id: row.reply_to_id,
    reply_to_content: isQuoteHidden ? null : row.reply_to_content,
    reply_to: isQuoteHidden ? null : quoteOf(row),
    mentions: isDeleted ? [] : row.mentions,
    attachments: isDeleted ? [] : (row.attachments ?? []).map((file) => FileDto.of(file)),
    reactions: row.reactions ?? [],
    metadata: row.metadata ?? {},
    status: statusOf(row),
    is_edited: row.edited_at !== null,
    is_deleted: isDeleted,
    is_pinned: row.pinned_at !== null,
    created_at: createdAt,
    updated_at: updatedAt?.toISOString() ?? createdAt,
  };
  if (row.poll && !isDeleted) message.poll = presentPoll(row.poll, row.poll_votes ?? null);
  if (row.forwarded && !isDeleted) message.forwarded = presentForwarded(row.forwarded, row.forwarded_sender_name);
  if (row.thread_root_id !== null) {
    message.thread_root_id = row.thread_root_id;
    message.show_in_conversation = !row.is_thread_only;
  }
  if (row.reply_count) {
    message.reply_count = row.reply_count;
    message.last_reply_at = row.last_reply_at!.toISOString();
    message.reply_user_ids = row.reply_user_ids!;
  }
  if (row.is_silent) message.silent = true;
  if (row.skips_push) message.skip_push = true;
  if (row.mention_scope !== null) message.mention_scope = row.mention_scope;
  if (row.client_message_id !== null && row.sender_id === viewerId) message.client_message_id = row.client_message_id;
  return message;
}

/** The quoted message; null unless the message is a reply. */
function quoteOf(row: MessageRow): QuoteDto | null {
  const { reply_to_id: id, reply_to_sender_id: senderId, reply_to_sender_name: senderName, reply_to_number } = row;
  if (id === null || senderId === null) return null;
  return {
    id,
    sequence_number: reply_to_number ?? 0,
    sender_id: senderId,
    sender_name: senderName ?? '',
    content: row.reply_to_content,
  };
}

/** Wraps a message as replies and events carry it. */
export function toMessageData(message: MessageDto): { message: MessageDto } {
  return cacheJson({ message }, `{"message":${toJson(message)}}`);
}

/** sent → delivered → read, never back: both aggregated marks of the conversation only grow. */
function statusOf(row: MessageRow): MessageStatus {
  if (row.sequence_number <= (row.read_by_all_number ?? 0)) return 'read';
  if (row.sequence_number <= (row.delivered_to_all_number ?? 0)) return 'delivered';
  return 'sent';
}

/** The payload of a change of a poll: its state. Only the voter receives what they have chosen. */
export function renderPollEvent(
  row: MessageRow,
  voter: { userId: string; own: ReadonlySet<string> } | undefined,
): EventContent {
  const { id, sequence_number, poll, poll_votes: votes = null } = row;
  const shows = { number: sequence_number };
  const dataFor = (own?: ReadonlySet<string>): object => ({
    message_id: id,
    sequence_number,
    poll: poll ? presentPoll(poll, votes, own) : null,
  });
  if (!voter) return { data: dataFor(), shows };
  return { data: dataFor(), shows, override: { userId: voter.userId, data: dataFor(voter.own) } };
}

/** The payload of a change: the current message or, for a reaction, the emoji and the user who reacted. */
export function renderMessageEvent(
  row: MessageRow,
  type: string,
  cause: { actorId: string | null; emoji?: string },
): EventContent {
  if (type === REACTION_ADDED || type === REACTION_REMOVED) {
    const { id, reactions, sequence_number } = presentMessage(row, undefined);
    const data = { message_id: id, sequence_number, emoji: cause.emoji, user_id: cause.actorId, reactions };
    return { data, shows: { number: sequence_number } };
  }
  const message = presentMessage(row, undefined);
  const data = { message };
  const shows = shownBy(message, row.reply_to_number ?? undefined);
  if (row.client_message_id === null) return { data, shows };
  return { data, shows, override: { userId: row.sender_id, data: { message: presentMessage(row, row.sender_id) } } };
}

/** The messages that an event about a message shows; `quotedNumber` is that of the message that it quotes. */
export function shownBy(message: MessageDto, quotedNumber: number | undefined): ShownMessages {
  const { sequence_number: number } = message;
  if (quotedNumber === undefined) return { number };
  const data = { message: { ...message, reply_to: null, reply_to_content: null } };
  return { number, quoted: { number: quotedNumber, data } };
}
