import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { Public } from '../http/public.decorator.js';
import { Health, type HealthReport } from './health.js';

const STATUS = { type: 'string', enum: ['ok', 'draining', 'unavailable'] };
const STATUS_SCHEMA = { type: 'object', required: ['status'], properties: { status: STATUS } };
const COMPONENT = {
  type: 'object',
  required: ['status', 'latency_ms'],
  properties: { status: { type: 'string', enum: ['up', 'down'] }, latency_ms: { type: 'integer' } },
};
const REPORT_SCHEMA = {
  type: 'object',
  required: ['status', 'components'],
  properties: { status: STATUS, components: { type: 'object', additionalProperties: COMPONENT } },
};

/** For load balancers and supervisors; nothing here needs a credential or tells more than "works" and "does not". */
@ApiTags('health')
@Public()
@SkipThrottle()
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('livez')
  @ApiOperation({ summary: 'The process answers.' })
  @ApiOkResponse({ schema: STATUS_SCHEMA })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'The process may be sent requests; 503 while it drains or its database is away.' })
  @ApiOkResponse({ schema: STATUS_SCHEMA })
  @ApiServiceUnavailableResponse({ schema: STATUS_SCHEMA })
  async ready(@Res({ passthrough: true }) response: Response): Promise<Pick<HealthReport, 'status'>> {
    const { status } = await this.health.report();
    response.status(status === 'ok' ? 200 : 503);
    return { status };
  }

  @Get('healthz')
  @ApiOperation({ summary: 'The state of every component.' })
  @ApiOkResponse({ schema: REPORT_SCHEMA })
  @ApiServiceUnavailableResponse({ schema: REPORT_SCHEMA })
  async components(@Res({ passthrough: true }) response: Response): Promise<HealthReport> {
    const report = await this.health.report();
    response.status(report.status === 'ok' ? 200 : 503);
    return report;
  }
}
