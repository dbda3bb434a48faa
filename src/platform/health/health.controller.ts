import { Controller, Get, Req, Res, type Type } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { isLocalRequest } from '../http/request-validator.js';
import { Public } from '../http/public.decorator.js';
import type { ParleyRequest } from '../http/parley-request.js';
import { Priority } from '../throttling/priority.decorator.js';
import { PublicHealthDto, ReadinessDto } from './health.dto.js';
import { Health } from './health.js';

/** The schema of a 503 response: `dto` with one of these statuses. */
function failureSchema(dto: Type, statuses: string[]): { allOf: object[] } {
  const status = { type: 'string', enum: statuses };
  return { allOf: [{ $ref: getSchemaPath(dto) }, { type: 'object', properties: { status } }] };
}

/**
 * For load balancers and supervisors. No route requires a credential, and without one they reveal only whether a
 * component works. Probes are not rate limited: a limit shared by clients behind one proxy would take the process out
 * of service.
 */
@ApiTags('health')
@Public()
@Priority('vital')
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('livez')
  @SkipThrottle()
  @ApiOperation({ summary: 'Returns 200 while the process responds.' })
  @ApiOkResponse({ type: ReadinessDto })
  live(): ReadinessDto {
    return { status: 'ok' };
  }

  @Get('readyz')
  @SkipThrottle()
  @ApiOperation({
    summary: 'Whether the process accepts requests; 503 while it drains, or its database is unavailable or read-only.',
  })
  @ApiOkResponse({ type: ReadinessDto })
  @ApiServiceUnavailableResponse({
    description: 'The process does not accept requests now.',
    schema: failureSchema(ReadinessDto, ['draining', 'unavailable', 'read-only']),
  })
  async ready(@Res({ passthrough: true }) response: Response): Promise<ReadinessDto> {
    const status = await this.health.readiness();
    response.status(status === 'ok' ? 200 : 503);
    return { status };
  }

  @Get('healthz')
  @ApiOperation({
    summary: 'The state of every component; admins and local requests also get metrics of this process.',
  })
  @ApiOkResponse({ type: PublicHealthDto })
  @ApiServiceUnavailableResponse({
    description: 'A required component is unavailable, or the process is draining.',
    schema: failureSchema(PublicHealthDto, ['draining', 'unhealthy']),
  })
  async components(
    @Req() request: ParleyRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PublicHealthDto> {
    const maySeeMetrics = request.actor?.role === 'admin' || isLocalRequest(request);
    const health = PublicHealthDto.of(await this.health.report(), maySeeMetrics ? this.health : undefined);
    response.status(['healthy', 'degraded'].includes(health.status) ? 200 : 503);
    return health;
  }
}
