import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { SYSTEM_ROLES, type SystemRole } from '../../identity/actor.js';

/*
 * The frames of the connection itself. The frames of the modules are declared where they are written: requests with
 * `@OnFrame`, signals with `@SendsSignal`, durable events with `@DurableEvent`.
 */

/** A frame that the server sends on its own, as the AsyncAPI document describes it. */
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

/** The reply to `ping`. */
export class ServerTimeData {
  @ApiProperty({ format: 'date-time' })
  server_time: string;
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

  /** Only with a server key: the user as whom it acts, like the header `X-Act-As`. */
  @ApiProperty({ required: false, description: 'With a server key: the user as whom it acts' })
  act_as?: string;

  @ApiProperty({ type: ResumeOffer, required: false })
  resume?: ResumeOffer;
}
