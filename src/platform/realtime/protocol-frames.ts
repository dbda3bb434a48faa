import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { SYSTEM_ROLES, type SystemRole } from '../http/actor.js';

/**
 * Every frame the server sends by itself, declared once: the types for clients and the AsyncAPI document come from
 * here.
 */
export interface DeclaredFrame<Data extends object = object> {
  readonly summary: string;
  readonly data: Type<Data>;
}

export class HelloData {
  @ApiProperty({ format: 'uuid' })
  connection_id: string;

  @ApiProperty({ type: 'integer', description: 'A ping comes this often' })
  heartbeat_ms: number;

  @ApiProperty({ type: 'integer', description: 'The time a pong may take' })
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

  @ApiProperty({ description: 'Whether what was missed follows' })
  resumed: boolean;

  @ApiProperty({ description: 'For a later resume' })
  cursor: string;
}

export class LiveData {
  @ApiProperty()
  cursor: string;

  @ApiProperty({ type: 'integer', description: 'Events sent between ready and this' })
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

  @ApiProperty({ required: false, description: 'Address to fetch instead' })
  fetch?: string;
}

export class ExpiringData {
  @ApiProperty({ format: 'date-time' })
  expires_at: string;
}

export class GoingAwayData {
  @ApiProperty({ type: 'integer', description: 'When to have another connection; the server closes this one.' })
  reconnect_after_ms: number;
}

/** About the connection itself. */
export const CONNECTION_FRAMES = {
  hello: { summary: 'The first frame of every connection.', data: HelloData },
  ready: { summary: 'The connection is signed in.', data: ReadyData },
  live: { summary: 'What was missed has been sent; from here on everything is new.', data: LiveData },
  cursor: { summary: 'Resume from here; at most once a second.', data: CursorData },
  resync: { summary: 'Fetch this instead of being told what was missed.', data: ResyncData },
  'auth.expiring': { summary: 'The token ends in a minute: send auth.refresh.', data: ExpiringData },
  going_away: {
    summary: 'The server goes away: after this time open another connection, then close this one.',
    data: GoingAwayData,
  },
} as const satisfies Record<string, DeclaredFrame>;

export class ReceiptMark {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ type: 'integer' })
  last_read_seq: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The newest message of somebody else among the last 100 read',
  })
  last_read_message_id: string | null;

  @ApiProperty({ type: 'integer' })
  last_delivered_seq: number;
}

export class ReceiptsData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer', description: 'Everybody has read up to here' })
  read_by_all_seq: number;

  @ApiProperty({ type: 'integer' })
  delivered_to_all_seq: number;

  @ApiProperty({ type: [ReceiptMark], description: 'Marks that moved since the last one, at most 100' })
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
  last_read_seq: number;
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

  @ApiProperty({ type: 'integer', description: 'Forget it after this time' })
  ttl_ms: number;
}

export class ScannedFileData {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'As `GET /files/{id}` shows it' })
  file: object;

  @ApiProperty({ format: 'uuid', required: false, description: 'Where it is attached; not said to its uploader' })
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

export class LiveFiguresData {
  @ApiProperty({ format: 'date-time' })
  as_of: string;

  @ApiProperty({ type: 'integer', description: 'Sockets of all nodes' })
  connections: number;

  @ApiProperty()
  messages_per_second: number;

  @ApiProperty()
  deliveries_per_second: number;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'The node the socket is on, now' })
  node: object;

  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  nodes: object[];
}

/** State, of which the newest counts, and what may be forgotten. */
export const SIGNALS = {
  'receipt.updated': { summary: 'How far everybody has read.', data: ReceiptsData },
  'presence.changed': { summary: 'Somebody appears otherwise than before.', data: PresenceData },
  'profile.changed': { summary: 'Somebody has another name or picture.', data: ProfileData },
  'unread.changed': { summary: 'One’s own counter moved, on another device.', data: UnreadData },
  'file.scanned': { summary: 'The checks of a file are done: it is ready, or rejected.', data: ScannedFileData },
  'report.created': { summary: 'To moderators: somebody reported something.', data: ReportCreatedData },
  'admin.figures': {
    summary: 'To admins who asked with `admin.watch`, every two seconds: what the system is doing.',
    data: LiveFiguresData,
  },
  typing: { summary: 'Somebody began or ended to type.', data: TypingData },
} as const satisfies Record<string, DeclaredFrame>;

/** Durable events by the name of their type; `data` holds what they are about, as it is now. */
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
  'conversation.updated': 'data: {conversation}; on one’s own stream {conversation_id, me}',
  'conversation.deleted': 'The last event of a conversation. data: {conversation_id}',
  'conversation.added': 'On one’s own stream. data: {conversation_id, since_seq, conversation}',
  'conversation.removed': 'On one’s own stream. data: {conversation_id, reason}',
  'user.updated': 'On one’s own stream. data: {user}',
  'session.revoked': 'On one’s own stream. data: {session_id, reason}',
  'user.warned': 'On one’s own stream. data: {warning: {id, category, message, created_at}}',
  'webhook.disabled': 'On one’s own stream. data: {webhook_id, reason: gone, failing or unverified}',
} as const satisfies Record<string, string>;

export class ResumeOffer {
  @ApiProperty({ required: false, maxLength: 1024 })
  cursor?: string;

  /** Last seq applied, for each conversation the client keeps. */
  @ApiProperty({ type: 'object', selfRequired: false, additionalProperties: { type: 'integer', minimum: 0 } })
  conversations?: Record<string, number>;
}

/** The first frame of a client that brought no credential to the upgrade. */
export class AuthFrameDto {
  @ApiProperty({ minLength: 1, maxLength: 4096 })
  token: string;

  @ApiProperty({ type: ResumeOffer, required: false })
  resume?: ResumeOffer;
}
