import { Controller, Get, Header, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/public.decorator.js';
import type { ParleyRequest } from '../http/parley-request.js';
import { Priority } from '../throttling/priority.decorator.js';
import { MetricsAccess } from './metrics-access.js';
import { Metrics } from './metrics.js';

/** For Prometheus. It needs no account, because access is controlled by a separate token. */
@ApiExcludeController()
@Public()
@SkipThrottle()
@Priority('vital')
@Controller()
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly access: MetricsAccess,
  ) {}

  /** @throws RouteNotFound without access */
  @Get('metrics')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  text(@Req() request: ParleyRequest): Promise<string> {
    this.access.requireAccess(request);
    return this.metrics.text();
  }
}
