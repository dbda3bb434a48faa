import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { Public } from '../http/public.decorator.js';
import { Health, type HealthReport } from './health.js';

/** For load balancers and supervisors; nothing here needs a credential or tells more than "works" and "does not". */
@ApiTags('health')
@Public()
@SkipThrottle()
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('livez')
  @ApiOperation({ summary: 'The process answers.' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'The process may be sent requests; 503 while it drains or its database is away.' })
  async ready(@Res({ passthrough: true }) response: Response): Promise<Pick<HealthReport, 'status'>> {
    const { status } = await this.health.report();
    response.status(status === 'ok' ? 200 : 503);
    return { status };
  }

  @Get('healthz')
  @ApiOperation({ summary: 'The state of every component.' })
  async components(@Res({ passthrough: true }) response: Response): Promise<HealthReport> {
    const report = await this.health.report();
    response.status(report.status === 'ok' ? 200 : 503);
    return report;
  }
}
