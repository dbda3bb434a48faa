import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { Priority } from '../../platform/throttling/priority.decorator.js';
import {
  AdminHealthDto,
  AdminMetricsDto,
  AdminQueuesDto,
  CacheDto,
  ComponentHealthDto,
} from './monitoring/monitoring.dto.js';
import { AdminStatsDto } from './monitoring/stats.dto.js';
import { AdminService } from './admin.service.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';

@ApiTags('admin')
@ApiBearerAuth()
@ApiExtraModels(CacheDto, ComponentHealthDto)
@RequiresScope('admin:read')
@Controller('api/v1/admin')
export class AdminController {
  constructor(private readonly monitoring: AdminService) {}

  @Get('stats')
  @ApiOperation({ summary: 'Statistics of the whole system: users, conversations, messages, files. For admins.' })
  @Priority('figures')
  @ApiOkResponse({ type: AdminStatsDto })
  stats(@CurrentActor() actor: Actor): Promise<AdminStatsDto> {
    return this.monitoring.stats(actor);
  }

  @Get('metrics')
  @ApiOperation({ summary: 'Current metrics: sockets, rates, latency. For admins.' })
  @Priority('vital')
  @ApiOkResponse({ type: AdminMetricsDto })
  metrics(@CurrentActor() actor: Actor): Promise<AdminMetricsDto> {
    return this.monitoring.metrics(actor);
  }

  @Get('queues')
  @ApiOperation({ summary: 'The background queues with the number of jobs in each state. For admins.' })
  @ApiOkResponse({ type: AdminQueuesDto })
  queues(@CurrentActor() actor: Actor): Promise<AdminQueuesDto> {
    return this.monitoring.queues(actor);
  }

  @Get('health')
  @ApiOperation({ summary: 'The health of every component, with its last error. For admins.' })
  @Priority('vital')
  @ApiOkResponse({ type: AdminHealthDto })
  health(@CurrentActor() actor: Actor): Promise<AdminHealthDto> {
    return this.monitoring.health(actor);
  }
}
