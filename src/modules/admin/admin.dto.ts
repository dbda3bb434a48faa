import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { COMPONENT_STATUSES, type ComponentStatus, type OverallStatus } from '../../platform/health/health.js';

const COUNTS = { type: 'object', additionalProperties: { type: 'integer' } } as const;
const INTEGER = { type: 'integer' } as const;

export class UserFiguresDto {
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

export class ConversationFiguresDto {
  @ApiProperty(INTEGER)
  total: number;

  @ApiProperty({ ...COUNTS, example: { direct: 80, group: 30, room: 4 } })
  by_type: Record<string, number>;
}

export class MessageFiguresDto {
  @ApiProperty({ ...INTEGER, description: 'All messages ever stored, including deleted ones' })
  total: number;

  @ApiProperty({ ...INTEGER, description: 'Since midnight, UTC' })
  today: number;

  @ApiProperty(INTEGER)
  this_hour: number;
}

export class StorageFiguresDto {
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

export class DayFiguresDto {
  @ApiProperty({ format: 'date', description: 'UTC' })
  day: string;

  @ApiProperty({ ...INTEGER, description: 'Users who were active on this day' })
  people: number;

  @ApiProperty(INTEGER)
  messages: number;
}

export class HourFiguresDto {
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

export class ConnectionFiguresDto {
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

  @ApiProperty({ type: UserFiguresDto })
  users: UserFiguresDto;

  @ApiProperty({ type: ConversationFiguresDto })
  conversations: ConversationFiguresDto;

  @ApiProperty({ type: MessageFiguresDto })
  messages: MessageFiguresDto;

  @ApiProperty({ type: StorageFiguresDto })
  storage: StorageFiguresDto;

  @ApiProperty({
    type: [DayFiguresDto],
    description: 'Thirty days, oldest first; active users are counted every five minutes',
  })
  days: DayFiguresDto[];

  @ApiProperty({
    type: [HourFiguresDto],
    description: 'Forty-eight hours, oldest first, without hours that have no counts',
  })
  hours: HourFiguresDto[];

  @ApiProperty({ type: ConnectionFiguresDto })
  connections: ConnectionFiguresDto;

  @ApiProperty({ type: BacklogDto })
  deliveries: BacklogDto;

  @ApiProperty({ ...COUNTS, description: 'Refused calls by limit since midnight, UTC' })
  limits_hit: Record<string, number>;
}

export class LatencyDto {
  @ApiProperty(INTEGER)
  count: number;

  @ApiProperty({ type: Number, nullable: true })
  p50_ms: number | null;

  @ApiProperty({ type: Number, nullable: true })
  p95_ms: number | null;

  @ApiProperty({ type: Number, nullable: true })
  p99_ms: number | null;
}

export class StatementDto {
  @ApiProperty({ example: 'messages.append' })
  name: string;

  @ApiProperty(INTEGER)
  count: number;

  @ApiProperty()
  mean_ms: number;

  @ApiProperty()
  slowest_ms: number;
}

export class DatabaseMetricsDto {
  @ApiProperty({ type: LatencyDto })
  queries: LatencyDto;

  @ApiProperty({ ...COUNTS, example: { open: 8, idle: 7, waiting: 0 } })
  pool: Record<string, number>;

  @ApiProperty({ description: 'How long a request currently waits for a connection' })
  pool_wait_ms: number;

  @ApiProperty({ type: [StatementDto], description: 'The twenty statements with the highest total time' })
  statements: StatementDto[];
}

export class CacheDto {
  @ApiProperty(INTEGER)
  hits: number;

  @ApiProperty(INTEGER)
  misses: number;

  @ApiProperty({ type: Number, nullable: true, description: 'null: no look-ups yet' })
  hit_ratio: number | null;
}

/** Metrics of the process that responds, since its start. */
export class AdminMetricsDto {
  @ApiProperty({ format: 'date-time' })
  as_of: string;

  @ApiProperty({ format: 'uuid' })
  node_id: string;

  @ApiProperty({ ...COUNTS, example: { stored: 1200, replayed: 3, RATE_LIMIT_EXCEEDED: 2 } })
  sends: Record<string, number>;

  @ApiProperty({ type: LatencyDto, description: 'From the receipt of a send to its durable response' })
  acknowledgement: LatencyDto;

  @ApiProperty({
    type: LatencyDto,
    description: 'From the receipt of a send to the sockets of this node; one in 16 is measured',
  })
  delivery: LatencyDto;

  @ApiProperty({ type: LatencyDto, description: 'From an upgrade to `ready`' })
  connection_opening: LatencyDto;

  @ApiProperty({ type: LatencyDto })
  requests: LatencyDto;

  @ApiProperty(COUNTS)
  connections: Record<string, number>;

  @ApiProperty({ type: DatabaseMetricsDto })
  database: DatabaseMetricsDto;

  @ApiProperty({ type: 'object', additionalProperties: { $ref: '#/components/schemas/CacheDto' } })
  caches: Record<string, CacheDto>;

  @ApiProperty({ ...COUNTS, description: 'Refused calls by limit' })
  limits_hit: Record<string, number>;

  @ApiProperty({ ...COUNTS, description: 'Log entries of the level error, by their context' })
  errors: Record<string, number>;

  @ApiProperty()
  event_loop_lag_ms: number;
}

export class QueueDto {
  @ApiProperty({ example: 'webhook-deliveries' })
  name: string;

  @ApiProperty({ ...COUNTS, example: { waiting: 0, active: 1, delayed: 0, failed: 0 } })
  jobs: Record<string, number>;
}

export class AdminQueuesDto {
  @ApiProperty({ type: [QueueDto] })
  data: QueueDto[];

  @ApiProperty({ type: BacklogDto })
  deliveries: BacklogDto;
}

export class LastErrorDto {
  @ApiProperty()
  message: string;

  @ApiProperty({ format: 'date-time' })
  at: string;
}

export class ComponentHealthDto {
  @ApiProperty({ enum: COMPONENT_STATUSES })
  status: ComponentStatus;

  @ApiProperty(INTEGER)
  latency_ms: number;

  @ApiProperty({ type: LastErrorDto, nullable: true, description: 'The last error since the start of the process' })
  last_error: LastErrorDto | null;
}

export class AdminHealthDto {
  @ApiProperty({ enum: ['healthy', 'degraded', 'unhealthy', 'draining'] })
  status: OverallStatus;

  @ApiProperty({ format: 'date-time' })
  timestamp: string;

  @ApiProperty()
  version: string;

  @ApiProperty({ format: 'uuid' })
  node_id: string;

  @ApiProperty({ type: 'object', additionalProperties: { $ref: '#/components/schemas/ComponentHealthDto' } })
  components: Record<string, ComponentHealthDto>;

  @ApiProperty(COUNTS)
  metrics: Record<string, number>;
}

/** The statistics that are streamed to watching admins. */
export class LiveFiguresDto {
  @ApiProperty({ format: 'date-time' })
  as_of: string;

  @ApiProperty({ ...INTEGER, description: 'Sockets of all nodes, at most ten seconds old' })
  connections: number;

  @ApiProperty({ description: 'Rate of this node over the last two seconds' })
  messages_per_second: number;

  @ApiProperty()
  deliveries_per_second: number;

  @ApiProperty({ type: NodeDto, description: 'The node of the watching socket, now' })
  node: NodeDto;

  @ApiProperty({ type: [NodeDto], description: 'All nodes, as of their last report' })
  nodes: NodeDto[];
}

export class WatchFrameDto {}
