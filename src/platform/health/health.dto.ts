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

export class HealthFiguresDto {
  @ApiProperty({ type: 'integer', description: 'Sockets of this process' })
  active_connections: number;

  @ApiProperty({ type: 'integer', description: 'Messages this process has stored since its start' })
  total_messages_processed: number;

  @ApiProperty({ type: 'integer' })
  uptime_seconds: number;
}

/** What anybody may know: which part works, and nothing of why one does not. */
export class PublicHealthDto {
  @ApiProperty({ enum: OVERALL })
  status: OverallStatus;

  @ApiProperty({ format: 'date-time' })
  timestamp: string;

  @ApiProperty({ description: 'Of the program' })
  version: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: [...COMPONENT_STATUSES] },
    example: { database: 'healthy', redis: 'disabled', websocket: 'healthy' },
  })
  components: Record<string, ComponentStatus>;

  @ApiProperty({ type: HealthFiguresDto })
  metrics: HealthFiguresDto;

  static of({ status, components }: HealthReport, { version, measured }: Health): PublicHealthDto {
    const { active_connections = 0, total_messages_processed = 0 } = measured;
    return {
      status,
      timestamp: new Date().toISOString(),
      version,
      components: Object.fromEntries(Object.entries(components).map(([name, { status: shown }]) => [name, shown])),
      metrics: { active_connections, total_messages_processed, uptime_seconds: Math.floor(process.uptime()) },
    };
  }
}
