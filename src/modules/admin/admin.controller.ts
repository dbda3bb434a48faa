import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../platform/http/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { Weighs } from '../../platform/throttling/shedding.guard.js';
import {
  AdminHealthDto,
  AdminMetricsDto,
  AdminQueuesDto,
  AdminStatsDto,
  CacheDto,
  ComponentHealthDto,
} from './admin.dto.js';
import { AdminService } from './admin.service.js';

@ApiTags('admin')
@ApiBearerAuth()
@ApiExtraModels(CacheDto, ComponentHealthDto)
@Controller('api/v1/admin')
export class AdminController {
  constructor(private readonly admin: AdminService) {}

  @Get('stats')
  @Weighs('figures')
  @ApiOkResponse({ type: AdminStatsDto })
  stats(@CurrentActor() actor: Actor): Promise<AdminStatsDto> {
    return this.admin.stats(actor);
  }

  @Get('metrics')
  @Weighs('vital')
  @ApiOkResponse({ type: AdminMetricsDto })
  metrics(@CurrentActor() actor: Actor): Promise<AdminMetricsDto> {
    return this.admin.metrics(actor);
  }

  @Get('queues')
  @ApiOkResponse({ type: AdminQueuesDto })
  queues(@CurrentActor() actor: Actor): Promise<AdminQueuesDto> {
    return this.admin.queues(actor);
  }

  @Get('health')
  @Weighs('vital')
  @ApiOkResponse({ type: AdminHealthDto })
  health(@CurrentActor() actor: Actor): Promise<AdminHealthDto> {
    return this.admin.health(actor);
  }
}
