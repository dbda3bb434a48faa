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

/** Null for those who may not know them. */
export class HealthFiguresDto {
  @ApiProperty({ type: 'integer', nullable: true, description: 'Sockets of this process' })
  active_connections: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Messages this process has stored since its start' })
  total_messages_processed: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  uptime_seconds: number | null;
}

/** What anybody may know: which part works, and nothing of why one does not. Figures and version are for operators. */
export class PublicHealthDto {
  @ApiProperty({ enum: OVERALL })
  status: OverallStatus;

  @ApiProperty({ format: 'date-time' })
  timestamp: string;

  @ApiProperty({ type: String, nullable: true, description: 'Of the program; null as the figures are' })
  version: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: [...COMPONENT_STATUSES] },
    example: { database: 'healthy', redis: 'disabled', websocket: 'healthy' },
  })
  components: Record<string, ComponentStatus>;

  @ApiProperty({ type: HealthFiguresDto })
  metrics: HealthFiguresDto;

  /** Without `health` the version and the figures are left out. */
  static of({ status, components }: HealthReport, health: Health | undefined): PublicHealthDto {
    const { active_connections = 0, total_messages_processed = 0 } = health?.measured ?? {};
    const figures = { active_connections, total_messages_processed, uptime_seconds: Math.floor(process.uptime()) };
    return {
      status,
      timestamp: new Date().toISOString(),
      version: health?.version ?? null,
      components: Object.fromEntries(Object.entries(components).map(([name, { status: shown }]) => [name, shown])),
      metrics: health ? figures : { active_connections: null, total_messages_processed: null, uptime_seconds: null },
    };
  }
}
