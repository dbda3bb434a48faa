import type { SqlValue } from '../../platform/database/sql.js';
import type { FileRow } from '../files/files.dto.js';
import type { MentionScope } from './mentions-field.js';
import type { StoredForward } from './forwarding/forwarded.dto.js';
import type { TypedAttachments } from './typed-attachments/typed-attachments.dto.js';
import type { StoredPoll } from './polls/polls.dto.js';

/** One send to be stored; the parameters of `append_messages` (see `toColumns`). */
export interface NewMessage extends TypedAttachments {
  readonly id: string;
  readonly conversation_id: string;
  readonly sender_id: string;
  /** Null only for a message that was released, or scheduled. */
  readonly session_id: string | null;
  readonly client_message_id: string | null;
  /** Hex of the hash of the body as received; null without a key. */
  readonly body_hash: string | null;
  readonly message_type: string;
  readonly content: string;
  readonly reply_to_id: string | null;
  /** The reply is not listed in the conversation. */
  readonly is_thread_only?: boolean;
  readonly mentions: string[] | null;
  /** Omitted if the message mentions at most the users it names. */
  readonly mention_scope?: MentionScope | null;
  readonly metadata: Record<string, unknown> | null;
  /** Omitted if there are none: most sends have none, and pay nothing for them. */
  readonly attachment_ids?: string[];
  /** Omitted if there is none. */
  readonly poll?: StoredPoll;
  /** Omitted unless a message is forwarded. */
  readonly forwarded?: StoredForward;
  /** An empty list: the message is to have no link previews. */
  readonly link_previews?: readonly [];
  /** Clients show no notification, and the host sends no push. */
  readonly is_silent?: boolean;
  readonly skips_push?: boolean;
  /** The users who see it besides its sender; omitted: all participants. */
  readonly visible_to?: string[];
  /** The message was held for review and released: neither the sender's session nor slow mode is checked. */
  readonly is_released?: true;
  /** The time of a scheduled message has come: in place of a session, its author needs an account in use. */
  readonly is_scheduled?: true;
  /** The host's backend sends, for the system account or another sender: only its session is checked. */
  readonly is_server?: true;
  /** The text follows in appends. */
  readonly is_streaming?: true;
}

type Column =
  | 'id'
  | 'conversation_id'
  | 'sender_id'
  | 'session_id'
  | 'client_message_id'
  | 'body_hash'
  | 'message_type'
  | 'content'
  | 'metadata';

const COLUMNS = Object.keys({
  id: true,
  conversation_id: true,
  sender_id: true,
  session_id: true,
  client_message_id: true,
  body_hash: true,
  message_type: true,
  content: true,
  metadata: true,
} satisfies Record<Column, true>) as Column[];

/** The fields that most sends do not have. */
const EXTRAS = Object.keys({
  reply_to_id: true,
  is_thread_only: true,
  mentions: true,
  mention_scope: true,
  attachment_ids: true,
  poll: true,
  location: true,
  contact: true,
  forwarded: true,
  link_previews: true,
  is_silent: true,
  skips_push: true,
  visible_to: true,
  is_released: true,
  is_scheduled: true,
  is_server: true,
  is_streaming: true,
} satisfies Record<Exclude<keyof NewMessage, Column>, true>) as Exclude<keyof NewMessage, Column>[];

/**
 * The parameters of `append_messages`: an array for each column, then an array of objects with the extras of each send,
 * null for a send without; null instead of that array if no send has any.
 */
export function toColumns(batch: readonly NewMessage[]): SqlValue[] {
  const columns: SqlValue[] = COLUMNS.map((name) => batch.map((message) => message[name]));
  const extras = batch.map(extrasOf);
  return [...columns, extras.some((extra) => extra !== null) ? extras : null];
}

function extrasOf(message: NewMessage): object | null {
  let extras: Record<string, unknown> | null = null;
  for (const name of EXTRAS) {
    const value = message[name];
    if (value === undefined || value === null || value === false) continue;
    extras ??= {};
    extras[name] = value;
  }
  return extras;
}

export type AppendOutcome =
  | 'stored'
  | 'shadowed'
  | 'replayed'
  | 'conflict'
  | 'not_found'
  | 'not_participant'
  | 'muted'
  | 'frozen'
  | 'blocked'
  | 'banned'
  | 'session_ended'
  | 'sender_not_found'
  | 'reply_not_found'
  | 'audience_of_direct'
  | 'audience_not_found'
  | 'file_not_found'
  | 'file_not_attachable'
  | 'mention_refused'
  | 'role_too_low'
  | 'mention_all_off'
  | 'uploads_off'
  | 'polls_off'
  | 'forwarding_off'
  | 'streaming_off'
  | 'threads_off'
  | 'links_off'
  | 'too_long'
  | 'slow_mode';

/** The result of one send; the numbers are set only for `stored` and `shadowed`, the id also for `replayed`. */
export interface AppendResult {
  outcome: AppendOutcome;
  id: string;
  sequence_number: number;
  seq: number;
  created_at: Date;
  mentions: string[];
  attachments: FileRow[] | null;
  reply_to_content: string | null;
  sender_name: string;
  /** The sender had unread messages before this one; sending marked them as read. */
  was_behind: boolean;
  /** Whole seconds, for `slow_mode`; the maximum of code points, for `too_long`. */
  retry_after: number | null;
}
