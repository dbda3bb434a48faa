import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { Public } from '../http/public.decorator.js';
import { Weighs } from '../throttling/shedding.guard.js';
import { PublicHealthDto, ReadinessDto } from './health.dto.js';
import { Health } from './health.js';

/** For load balancers and supervisors; nothing here needs a credential or tells more than "works" and "does not". */
@ApiTags('health')
@Public()
@SkipThrottle()
@Weighs('vital')
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('livez')
  @ApiOperation({ summary: 'The process answers.' })
  @ApiOkResponse({ type: ReadinessDto })
  live(): ReadinessDto {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'The process may be sent requests; 503 while it drains or its database is away.' })
  @ApiOkResponse({ type: ReadinessDto })
  @ApiServiceUnavailableResponse({ type: ReadinessDto })
  async ready(@Res({ passthrough: true }) response: Response): Promise<ReadinessDto> {
    const readiness = ReadinessDto.of(await this.health.report());
    response.status(readiness.status === 'ok' ? 200 : 503);
    return readiness;
  }

  @Get('healthz')
  @ApiOperation({ summary: 'The state of every component, and a few figures of this process.' })
  @ApiOkResponse({ type: PublicHealthDto })
  @ApiServiceUnavailableResponse({ type: PublicHealthDto })
  async components(@Res({ passthrough: true }) response: Response): Promise<PublicHealthDto> {
    const shown = PublicHealthDto.of(await this.health.report(), this.health);
    response.status(['healthy', 'degraded'].includes(shown.status) ? 200 : 503);
    return shown;
  }
}
