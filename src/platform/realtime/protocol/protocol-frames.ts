import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { SYSTEM_ROLES, type SystemRole } from '../../identity/actor.js';

/**
 * Every frame that the server sends on its own, declared once. The types for clients and the AsyncAPI document are
 * derived from it.
 */
export interface DeclaredFrame<Data extends object = object> {
  readonly summary: string;
  readonly data: Type<Data>;
}

export class HelloData {
  @ApiProperty({ format: 'uuid' })
  connection_id: string;

  @ApiProperty({ type: 'integer', description: 'Interval of the pings' })
  heartbeat_ms: number;

  @ApiProperty({ type: 'integer', description: 'Time within which a pong must arrive' })
  timeout_ms: number;

  @ApiProperty({ format: 'date-time' })
  server_time: string;
}

export class ReadyUser {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ enum: SYSTEM_ROLES })
  role: SystemRole;
}

export class ReadyData {
  @ApiProperty({ type: ReadyUser })
  user: ReadyUser;

  @ApiProperty({ format: 'uuid' })
  session_id: string;

  @ApiProperty({ description: 'Whether the missed events follow' })
  resumed: boolean;

  @ApiProperty({ description: 'Cursor for a later resume' })
  cursor: string;
}

export class LiveData {
  @ApiProperty()
  cursor: string;

  @ApiProperty({ type: 'integer', description: 'Number of events sent between `ready` and this frame' })
  replayed: number;
}

export class CursorData {
  @ApiProperty()
  cursor: string;
}

export class ResyncData {
  @ApiProperty({ enum: ['all', 'conversation'] })
  scope: 'all' | 'conversation';

  @ApiProperty({ required: false, format: 'uuid' })
  conversation_id?: string;

  @ApiProperty({ description: 'gap_too_large, invalid_cursor, epoch_changed, cursor_expired …' })
  reason: string;

  @ApiProperty({ required: false, description: 'Path to fetch instead' })
  fetch?: string;
}

export class ExpiringData {
  @ApiProperty({ format: 'date-time' })
  expires_at: string;
}

export class GoingAwayData {
  @ApiProperty({
    type: 'integer',
    description: 'Time until which to open another connection. The server closes this one.',
  })
  reconnect_after_ms: number;
}

/** About the connection itself. */
export const CONNECTION_FRAMES = {
  hello: { summary: 'The first frame of every connection.', data: HelloData },
  ready: { summary: 'The connection is signed in.', data: ReadyData },
  live: { summary: 'All missed events have been sent. Later frames are new.', data: LiveData },
  cursor: { summary: 'A cursor for a later resume. Sent at most once a second.', data: CursorData },
  resync: { summary: 'The client must fetch this, because the missed events are not sent.', data: ResyncData },
  'auth.expiring': { summary: 'The token expires within a minute: send `auth.refresh`.', data: ExpiringData },
  going_away: {
    summary: 'The server is shutting down. After this time open another connection, then close this one.',
    data: GoingAwayData,
  },
} as const satisfies Record<string, DeclaredFrame>;

export class ReceiptMark {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ type: 'integer' })
  last_read_number: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The newest message of another user among the last 100 read',
  })
  last_read_message_id: string | null;

  @ApiProperty({ type: 'integer' })
  last_delivered_number: number;
}

export class ReceiptsData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer', description: 'All participants have read the messages up to this sequence_number' })
  read_by_all_number: number;

  @ApiProperty({
    type: 'integer',
    description: 'All participants have received the messages up to this sequence_number',
  })
  delivered_to_all_number: number;

  @ApiProperty({ type: [ReceiptMark], description: 'Marks that changed since the previous frame, at most 100' })
  marks: ReceiptMark[];
}

export class PresenceData {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ enum: ['online', 'away', 'busy', 'offline'] })
  status: string;

  @ApiProperty({ type: String, nullable: true })
  custom: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  last_seen: string | null;
}

export class ProfileData {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ type: String, nullable: true })
  avatar_url: string | null;
}

export class UnreadData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer' })
  unread_count: number;

  @ApiProperty({ type: 'integer' })
  last_read_number: number;
}

export class TypingData {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty()
  user_name: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty()
  is_typing: boolean;

  @ApiProperty({ type: 'integer', description: 'The indicator ends after this time' })
  ttl_ms: number;
}

export class ScannedFileData {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'As returned by `GET /files/{id}`' })
  file: object;

  @ApiProperty({
    format: 'uuid',
    required: false,
    description: 'Conversation of the message it is attached to; absent for the uploader',
  })
  conversation_id?: string;

  @ApiProperty({ format: 'uuid', required: false })
  message_id?: string;
}

export class ReportCreatedData {
  @ApiProperty({ format: 'uuid' })
  report_id: string;

  @ApiProperty()
  target_type: string;

  @ApiProperty()
  category: string;
}

export class LiveStatsData {
  @ApiProperty({ format: 'date-time' })
  as_of: string;

  @ApiProperty({ type: 'integer', description: 'Connections of all nodes' })
  connections: number;

  @ApiProperty()
  messages_per_second: number;

  @ApiProperty()
  deliveries_per_second: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Current values of the node that serves this connection',
  })
  node: object;

  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  nodes: object[];
}

/** State, of which the newest counts, and ephemeral frames. */
export const SIGNALS = {
  'receipt.updated': { summary: 'Read and delivery marks of a conversation have changed.', data: ReceiptsData },
  'presence.changed': { summary: 'A user’s presence has changed.', data: PresenceData },
  'profile.changed': { summary: 'A user’s name or avatar has changed.', data: ProfileData },
  'unread.changed': {
    summary: 'The unread count of a conversation has changed on another device of the user.',
    data: UnreadData,
  },
  'file.scanned': { summary: 'The scan of a file is complete: the file is ready or rejected.', data: ScannedFileData },
  'report.created': {
    summary: 'Sent to moderators: a user has filed a report.',
    data: ReportCreatedData,
  },
  'admin.figures': {
    summary: 'Sent every two seconds to admins who sent `admin.watch`: current statistics of the system.',
    data: LiveStatsData,
  },
  typing: { summary: 'A user started or stopped typing.', data: TypingData },
} as const satisfies Record<string, DeclaredFrame>;

/** Durable events by type. `data` contains the current state of their subject. */
export const DURABLE_EVENTS = {
  'message.created': 'data: {message}',
  'message.updated': 'data: {message}',
  'message.deleted': 'data: {message}, the tombstone',
  'message.pinned': 'data: {message}',
  'message.unpinned': 'data: {message}',
  'reaction.added': 'data: {message_id, sequence_number, emoji, user_id, reactions}',
  'reaction.removed': 'data: {message_id, sequence_number, emoji, user_id, reactions}',
  'participant.joined': 'data: {user_id, participant}',
  'participant.left': 'data: {user_id, reason}',
  'participant.updated': 'data: {user_id, participant}',
  'conversation.updated': 'data: {conversation}; in the user’s own stream {conversation_id, me}',
  'conversation.deleted': 'The last event of a conversation. data: {conversation_id}',
  'conversation.added': 'In the user’s own stream. data: {conversation_id, since_seq, conversation}',
  'conversation.removed': 'In the user’s own stream. data: {conversation_id, reason}',
  'user.updated': 'In the user’s own stream. data: {user}',
  'session.revoked': 'In the user’s own stream. data: {session_id, reason}',
  'user.warned': 'In the user’s own stream. data: {warning: {id, category, message, created_at}}',
  'webhook.disabled': 'In the user’s own stream. data: {webhook_id, reason: gone, failing or unverified}',
} as const satisfies Record<string, string>;

export class ResumeOffer {
  @ApiProperty({ required: false, maxLength: 1024 })
  cursor?: string;

  /** Last `seq` applied, for each conversation that the client stores. */
  @ApiProperty({ type: 'object', selfRequired: false, additionalProperties: { type: 'integer', minimum: 0 } })
  conversations?: Record<string, number>;
}

/** The first frame of a client that sent no credential with the upgrade. */
export class AuthFrameDto {
  @ApiProperty({ minLength: 1, maxLength: 4096 })
  token: string;

  @ApiProperty({ type: ResumeOffer, required: false })
  resume?: ResumeOffer;
}
