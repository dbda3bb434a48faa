import { ApiProperty } from '@nestjs/swagger';
import { COMPONENT_STATUSES, type ComponentStatus, type OverallStatus } from '../../../platform/health/health.js';
import { COUNTS, INTEGER, NodeDto, BacklogDto } from './stats.dto.js';

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
export class LiveStatsDto {
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
