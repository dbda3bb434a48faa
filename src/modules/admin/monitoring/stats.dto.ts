import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export const INTEGER = { type: 'integer' } as const;
export const COUNTS = { type: 'object', additionalProperties: { type: 'integer' } } as const;

export class UserStatsDto {
  @ApiProperty({ ...INTEGER, description: 'Accounts that are not deleted' })
  total: number;

  @ApiProperty(INTEGER)
  banned: number;

  @ApiProperty(INTEGER)
  deleted: number;

  @ApiProperty({ ...INTEGER, description: 'Since midnight, UTC' })
  new_today: number;

  @ApiProperty(INTEGER)
  new_this_week: number;

  @ApiProperty({ ...COUNTS, example: { user: 120, admin: 2 } })
  by_role: Record<string, number>;

  @ApiProperty({ ...INTEGER, description: 'Users whose visible status is not offline' })
  online: number;
}

export class ConversationStatsDto {
  @ApiProperty(INTEGER)
  total: number;

  @ApiProperty({ ...COUNTS, example: { direct: 80, group: 30, room: 4 } })
  by_type: Record<string, number>;
}

export class MessageStatsDto {
  @ApiProperty({ ...INTEGER, description: 'All messages ever stored, including deleted ones' })
  total: number;

  @ApiProperty({ ...INTEGER, description: 'Since midnight, UTC' })
  today: number;

  @ApiProperty(INTEGER)
  this_hour: number;
}

export class StorageStatsDto {
  @ApiProperty(INTEGER)
  files: number;

  @ApiProperty(INTEGER)
  bytes: number;

  @ApiProperty({ ...COUNTS, description: 'Bytes by category' })
  by_category: Record<string, number>;

  @ApiProperty({ ...INTEGER, description: 'The size of the whole database on disk' })
  database_bytes: number;

  @ApiProperty({ ...INTEGER, description: 'The part of messages and the event log, with their indexes' })
  messages_bytes: number;
}

export class DayStatsDto {
  @ApiProperty({ format: 'date', description: 'UTC' })
  day: string;

  @ApiProperty({ ...INTEGER, description: 'Users who were active on this day' })
  people: number;

  @ApiProperty(INTEGER)
  messages: number;
}

export class HourStatsDto {
  @ApiProperty({ format: 'date-time' })
  hour: string;

  @ApiProperty({ ...INTEGER, description: 'Users who were active in this hour' })
  people: number;

  @ApiProperty(INTEGER)
  messages: number;

  @ApiProperty({ ...INTEGER, description: 'Frames of durable events sent to connections' })
  deliveries: number;

  @ApiProperty({ ...INTEGER, description: 'Connections that were opened' })
  connections: number;

  @ApiProperty({ ...COUNTS, description: 'Refused calls by limit' })
  limits_hit: Record<string, number>;

  @ApiProperty({ ...COUNTS, description: 'Attempts of webhook deliveries by result' })
  webhooks: Record<string, number>;
}

export class NodeDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: ['all', 'api', 'worker'] })
  role: string;

  @ApiProperty()
  version: string;

  @ApiProperty({ format: 'date-time' })
  started_at: string;

  @ApiProperty({ format: 'date-time', description: 'Every process reports every ten seconds' })
  seen_at: string;

  @ApiProperty({ ...COUNTS, example: { websocket: 310, 'socket.io': 120 } })
  connections: Record<string, number>;

  @ApiProperty({ ...INTEGER, description: 'Messages stored since the start of the process' })
  messages: number;

  @ApiProperty(INTEGER)
  deliveries: number;

  @ApiProperty(INTEGER)
  requests_in_flight: number;

  @ApiProperty({ ...INTEGER, description: 'The maximum delay in the last quarter of a second' })
  event_loop_lag_ms: number;

  @ApiProperty(INTEGER)
  memory_bytes: number;

  @ApiPropertyOptional({ description: 'Whether it serves requests; omitted by versions that do not report it' })
  serves?: boolean;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'redis://redis:6379/0',
    description: 'The Redis server it uses, which must be the same for all; null without one',
  })
  redis?: string | null;
}

export class ConnectionStatsDto {
  @ApiProperty(INTEGER)
  total: number;

  @ApiProperty(COUNTS)
  by_transport: Record<string, number>;

  @ApiProperty({ type: [NodeDto] })
  nodes: NodeDto[];
}

export class BacklogDto {
  @ApiProperty({ ...INTEGER, description: 'Events that have not been relayed to webhooks yet' })
  outbox: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  outbox_oldest_at: string | null;

  @ApiProperty({
    ...INTEGER,
    description: 'Webhook deliveries that wait for their next attempt; each count stops at 100,000',
  })
  waiting: number;

  @ApiProperty(INTEGER)
  queued: number;

  @ApiProperty({ ...INTEGER, description: 'Failed deliveries that can be replayed' })
  failed: number;
}

export class AdminStatsDto {
  @ApiProperty({ format: 'date-time' })
  as_of: string;

  @ApiProperty({ type: UserStatsDto })
  users: UserStatsDto;

  @ApiProperty({ type: ConversationStatsDto })
  conversations: ConversationStatsDto;

  @ApiProperty({ type: MessageStatsDto })
  messages: MessageStatsDto;

  @ApiProperty({ type: StorageStatsDto })
  storage: StorageStatsDto;

  @ApiProperty({
    type: [DayStatsDto],
    description: 'Thirty days, oldest first; active users are counted every five minutes',
  })
  days: DayStatsDto[];

  @ApiProperty({
    type: [HourStatsDto],
    description: 'Forty-eight hours, oldest first, without hours that have no counts',
  })
  hours: HourStatsDto[];

  @ApiProperty({ type: ConnectionStatsDto })
  connections: ConnectionStatsDto;

  @ApiProperty({ type: BacklogDto })
  deliveries: BacklogDto;

  @ApiProperty({ ...COUNTS, description: 'Refused calls by limit since midnight, UTC' })
  limits_hit: Record<string, number>;
}
