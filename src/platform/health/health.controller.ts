import { Controller, Get, Req, Res, type Type } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { isLocal } from '../http/local-request.js';
import { Public } from '../http/public.decorator.js';
import type { ParleyRequest } from '../http/request-context.js';
import { Priority } from '../throttling/load-shedding.guard.js';
import { PublicHealthDto, ReadinessDto } from './health.dto.js';
import { Health } from './health.js';

/** The same shape with one of these statuses. */
function failing(shape: Type, statuses: string[]): { allOf: object[] } {
  const status = { type: 'string', enum: statuses };
  return { allOf: [{ $ref: getSchemaPath(shape) }, { type: 'object', properties: { status } }] };
}

/**
 * For load balancers and supervisors; nothing here needs a credential or tells strangers more than "works" and "does
 * not". Probes are not counted: a limit that clients behind one proxy share would take the process out of service.
 */
@ApiTags('health')
@Public()
@Priority('vital')
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('livez')
  @SkipThrottle()
  @ApiOperation({ summary: 'The process answers.' })
  @ApiOkResponse({ type: ReadinessDto })
  live(): ReadinessDto {
    return { status: 'ok' };
  }

  @Get('readyz')
  @SkipThrottle()
  @ApiOperation({
    summary: 'The process may be sent requests; 503 while it drains, or its database is away or read-only.',
  })
  @ApiOkResponse({ type: ReadinessDto })
  @ApiServiceUnavailableResponse({
    description: 'Not now.',
    schema: failing(ReadinessDto, ['draining', 'unavailable', 'read-only']),
  })
  async ready(@Res({ passthrough: true }) response: Response): Promise<ReadinessDto> {
    const status = await this.health.readiness();
    response.status(status === 'ok' ? 200 : 503);
    return { status };
  }

  @Get('healthz')
  @ApiOperation({
    summary: 'The state of every component; to admins and this machine itself a few figures of this process.',
  })
  @ApiOkResponse({ type: PublicHealthDto })
  @ApiServiceUnavailableResponse({
    description: 'A component it cannot do without is away.',
    schema: failing(PublicHealthDto, ['draining', 'unhealthy']),
  })
  async components(
    @Req() request: ParleyRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PublicHealthDto> {
    const mayKnow = request.actor?.role === 'admin' || isLocal(request);
    const shown = PublicHealthDto.of(await this.health.report(), mayKnow ? this.health : undefined);
    response.status(['healthy', 'degraded'].includes(shown.status) ? 200 : 503);
    return shown;
  }
}
