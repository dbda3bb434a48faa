import type { EventContent, ShownMessage, ShownMessages } from '../../platform/event-log/stream-event.js';
import { cacheJson, toJson } from '../../platform/json/json-encoding.js';
import { FileDto, type FileRow } from '../files/files.dto.js';
import type { StoredForward } from './forwarding/forwarded.dto.js';
import { presentForwarded } from './forwarding/forwarded.js';
import { isInAudience, isShadowed, readersOf, statedAudienceOf } from './audience.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import type { MentionScope } from './mentions-field.js';
import { REACTION_ADDED, REACTION_REMOVED } from './messages.events.js';
import type { LinkPreviewDto } from './link-previews/link-previews.dto.js';
import type { ContactDto, LocationDto } from './typed-attachments/typed-attachments.dto.js';
import { type ShadowedReplies, threadSeenBy } from './thread-summary.js';
import { type PollVotes, presentPoll, votesSeenBy } from './polls/poll.js';
import { type ReactionRow, reactionsSeenBy } from './reactions/reactions-seen.js';
import type { StoredPoll } from './polls/polls.dto.js';
import type { StreamingState } from './streaming/streaming.constants.js';
import type { QuoteDto } from './quote.dto.js';
import type { MessageDto, MessageStatus, MessageType } from './messages.dto.js';

/** What a shadow-banned sender has made of a message that others see as it was. */
export interface ShadowedEdit {
  readonly content: string;
  readonly metadata?: Record<string, unknown>;
  readonly mentions?: string[];
  readonly edited_at: string;
}

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
  reply_to_audience?: string[] | null;
  thread_root_id: string | null;
  is_thread_only: boolean;
  is_silent: boolean;
  skips_push: boolean;
  /** Who sees it besides its sender; null: all participants. */
  audience: string[] | null;
  /** That of a shadow-banned sender, whose message has an empty audience. */
  stated_audience?: string[] | null;
  /** Of the thread whose root the message is; null if it has none. */
  reply_count: number | null;
  last_reply_at: Date | null;
  reply_user_ids: string[] | null;
  shadowed_replies?: ShadowedReplies | null;
  mentions: string[];
  mention_scope: MentionScope | null;
  metadata: Record<string, unknown> | null;
  attachments: FileRow[] | null;
  reactions: ReactionRow[] | null;
  shadowed_edit?: ShadowedEdit | null;
  read_by_all_number: number | null;
  delivered_to_all_number: number | null;
  created_at: Date;
  edited_at: Date | null;
  deleted_at: Date | null;
  pinned_at: Date | null;
  poll?: StoredPoll | null;
  poll_votes?: PollVotes | null;
  location?: LocationDto | null;
  contact?: ContactDto | null;
  forwarded?: StoredForward | null;
  /** An empty list: the message is to have none. */
  link_previews?: LinkPreviewDto[] | null;
  /** The current name of the author of the forwarded message. */
  forwarded_sender_name?: string | null;
  /** Null if the message was sent as a whole. */
  streaming?: StreamingState | null;
  /** In reads of several conversations: the reader sees no message of this one up to the number. */
  hidden_up_to_number?: number;
}

/**
 * A message as `viewerId` may see it. Undefined stands for any participant: the form that all receivers of an event
 * share. Only the sender receives the `client_message_id`. A quote of a message up to `hiddenUpTo`, or of one that the
 * viewer does not see, is left out.
 */
export function presentMessage(
  stored: MessageRow,
  viewerId: string | undefined,
  hiddenUpTo = stored.hidden_up_to_number ?? 0,
): MessageDto {
  const row = stored.shadowed_edit && stored.sender_id === viewerId ? edited(stored, stored.shadowed_edit) : stored;
  const isQuoteHidden = (row.reply_to_number ?? Infinity) <= hiddenUpTo || !isInAudience(quotedBy(row), viewerId);
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
    reactions: reactionsSeenBy(row.reactions, viewerId),
    metadata: row.metadata ?? {},
    status: statusOf(row),
    is_edited: row.edited_at !== null,
    is_deleted: isDeleted,
    is_pinned: row.pinned_at !== null,
    created_at: createdAt,
    updated_at: updatedAt?.toISOString() ?? createdAt,
  };
  if (row.poll && !isDeleted) message.poll = presentPoll(row.poll, votesSeenBy(row.poll_votes ?? null, viewerId));
  if (row.location && !isDeleted) message.location = row.location;
  if (row.contact && !isDeleted) message.contact = row.contact;
  if (row.link_previews?.length && !isDeleted) message.link_previews = row.link_previews;
  if (row.forwarded && !isDeleted) message.forwarded = presentForwarded(row.forwarded, row.forwarded_sender_name);
  if (row.streaming && !isDeleted) {
    if (row.streaming === 'open') message.is_streaming = true;
    else message.streaming_end = row.streaming;
  }
  if (row.thread_root_id !== null) {
    message.thread_root_id = row.thread_root_id;
    message.show_in_conversation = !row.is_thread_only;
  }
  const thread = threadSeenBy(row, viewerId);
  if (thread.reply_count > 0) Object.assign(message, thread);
  if (row.is_silent) message.silent = true;
  if (row.skips_push) message.skip_push = true;
  const stated = statedAudienceOf(row);
  if (stated !== null) message.visible_to = stated;
  if (isShadowed(row) && row.sender_id !== viewerId) message.is_shadowed = true;
  if (row.mention_scope !== null) message.mention_scope = row.mention_scope;
  if (row.client_message_id !== null && row.sender_id === viewerId) message.client_message_id = row.client_message_id;
  return message;
}

function quotedBy({ reply_to_sender_id, reply_to_audience = null }: MessageRow): Parameters<typeof isInAudience>[0] {
  return { sender_id: reply_to_sender_id ?? '', audience: reply_to_audience };
}

function edited(row: MessageRow, { edited_at, ...texts }: ShadowedEdit): MessageRow {
  return { ...row, ...texts, edited_at: new Date(edited_at) };
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
  onlyFor?: readonly string[],
): EventContent {
  const { id, sequence_number, poll, poll_votes: votes = null } = row;
  const shows = shownMessage(row, onlyFor);
  const dataFor = (userId?: string, own?: ReadonlySet<string>): object => ({
    message_id: id,
    sequence_number,
    poll: poll ? presentPoll(poll, votesSeenBy(votes, userId), own) : null,
  });
  const overrides = overridesFor(votes?.options ?? [], dataFor);
  if (!voter) return { data: dataFor(), shows, ...overrides };
  const override = { userId: voter.userId, data: dataFor(voter.userId, voter.own) };
  return { data: dataFor(), shows, override, ...overrides };
}

/** The payload of a change: the current message or, for a reaction, the emoji and the user who reacted. */
export function renderMessageEvent(
  row: MessageRow,
  type: string,
  { actorId, emoji, onlyFor }: { actorId: string | null; emoji?: string; onlyFor?: readonly string[] },
): EventContent {
  const dataFor = (userId?: string): object => {
    const message = presentMessage(row, userId);
    if (type !== REACTION_ADDED && type !== REACTION_REMOVED) return { message };
    const { id, reactions, sequence_number } = message;
    return { message_id: id, sequence_number, emoji, user_id: actorId, reactions };
  };
  const data = dataFor();
  const shows = 'message' in data ? shownBy(row, data.message as MessageDto, onlyFor) : shownMessage(row, onlyFor);
  const overrides = overridesFor(row.reactions ?? [], dataFor);
  const isSame = row.client_message_id === null && !isShadowed(row) && !row.shadowed_edit;
  if (isSame || !('message' in data)) return { data, shows, ...overrides };
  return { data, shows, override: { userId: row.sender_id, data: dataFor(row.sender_id) }, ...overrides };
}

/** What shadow-banned users see who have reacted or voted: their own, besides that of the others. */
function overridesFor(
  rows: readonly { readonly shadowed_ids?: string[] | null }[],
  dataFor: (userId: string) => object,
): Pick<EventContent, 'overrides'> {
  const ids = new Set(rows.flatMap(({ shadowed_ids }) => shadowed_ids ?? []));
  return ids.size === 0 ? {} : { overrides: new Map([...ids].map((id) => [id, dataFor(id)])) };
}

/** The messages that an event shows which contains `message`, as all receivers see it. */
export function shownBy(row: MessageRow, message: MessageDto, onlyFor?: readonly string[]): ShownMessages {
  const shown = shownMessage(row, onlyFor);
  if (row.reply_to_number == null) return shown;
  const data = { message: { ...message, reply_to: null, reply_to_content: null } };
  const quoted = { number: row.reply_to_number, ...limitTo(readersOf(quotedBy(row))) };
  return { ...shown, quoted: { ...quoted, data } };
}

/** A message as part of an event, which only these of its readers receive. */
export function shownMessage(
  row: Pick<MessageRow, 'sequence_number' | 'sender_id' | 'audience'>,
  onlyFor?: readonly string[],
): ShownMessage {
  const readers = readersOf(row);
  const receivers = onlyFor && [...onlyFor, SYSTEM_USER_ID].filter((id) => readers?.includes(id) ?? true);
  return { number: row.sequence_number, ...limitTo(receivers ?? readers) };
}

function limitTo(onlyFor: readonly string[] | undefined): { readonly onlyFor?: readonly string[] } {
  return onlyFor ? { onlyFor } : {};
}
