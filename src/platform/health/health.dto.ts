import { ApiProperty } from '@nestjs/swagger';
import {
  COMPONENT_STATUSES,
  type ComponentStatus,
  type Health,
  type HealthReport,
  type OverallStatus,
  READINESS,
  type Readiness,
} from './health.js';

const OVERALL = ['healthy', 'degraded', 'unhealthy', 'draining'];

export class ReadinessDto {
  @ApiProperty({ enum: READINESS })
  status: Readiness;
}

/** Null for callers who may not see them. */
export class HealthMetricsDto {
  @ApiProperty({ type: 'integer', nullable: true, description: 'Open connections of this process' })
  active_connections: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Messages this process has stored since its start' })
  total_messages_processed: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  uptime_seconds: number | null;
}

/**
 * The public health report: which components work, without the reasons of failures. Metrics and version are for
 * operators.
 */
export class PublicHealthDto {
  @ApiProperty({ enum: OVERALL })
  status: OverallStatus;

  @ApiProperty({ format: 'date-time' })
  timestamp: string;

  @ApiProperty({ type: String, nullable: true, description: 'Version of the server; null if the metrics are null' })
  version: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: [...COMPONENT_STATUSES] },
    example: { database: 'healthy', redis: 'disabled', websocket: 'healthy' },
  })
  components: Record<string, ComponentStatus>;

  @ApiProperty({ type: HealthMetricsDto })
  metrics: HealthMetricsDto;

  /** Without `health` the version and the metrics are null. */
  static of({ status, components }: HealthReport, health: Health | undefined): PublicHealthDto {
    const { active_connections = 0, total_messages_processed = 0 } = health?.metricValues ?? {};
    const metrics = { active_connections, total_messages_processed, uptime_seconds: Math.floor(process.uptime()) };
    return {
      status,
      timestamp: new Date().toISOString(),
      version: health?.version ?? null,
      components: Object.fromEntries(Object.entries(components).map(([name, component]) => [name, component.status])),
      metrics: health ? metrics : { active_connections: null, total_messages_processed: null, uptime_seconds: null },
    };
  }
}
