import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AdminHealthDto, AdminMetricsDto } from '../../modules/admin/monitoring/monitoring.dto.js';
import { AdminService } from '../../modules/admin/admin.service.js';
import { ConversationStatisticsService } from '../../modules/conversations/conversation-statistics.service.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { Public } from '../../platform/http/public.decorator.js';
import type { ParleyRequest } from '../../platform/http/parley-request.js';
import { RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { CookieSessions } from './cookie-sessions.js';
import { CsrfDto, MessagingStatisticsDto } from './messaging.dto.js';
import { MESSAGING_LIMITS } from './messaging.limits.js';
import { presentStatistics } from './messaging.presenter.js';

@ApiTags('dialect: messaging')
@RateLimitProfile(MESSAGING_LIMITS)
@Controller('api')
export class MessagingController {
  constructor(
    private readonly cookies: CookieSessions,
    private readonly statistics: ConversationStatisticsService,
    private readonly monitoring: AdminService,
  ) {}

  @Get('csrf')
  @ApiOperation({ summary: 'Returns a CSRF token, and opens a cookie session for the caller.' })
  @Public()
  @ApiOkResponse({
    type: CsrfDto,
    description: 'With a token in the request it opens a cookie session for the sockets of pages',
  })
  begin(
    @CurrentActor() actor: Actor | undefined,
    @Req() request: ParleyRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CsrfDto> {
    return this.cookies.begin(actor, request, response);
  }

  @Get('messaging/stats')
  @ApiOperation({ summary: 'Statistics of the messages and conversations of the caller.' })
  @ApiBearerAuth()
  @ApiOkResponse({ type: MessagingStatisticsDto })
  async stats(@CurrentActor() actor: Actor): Promise<MessagingStatisticsDto> {
    return presentStatistics(await this.statistics.ofActor(actor));
  }

  @Get('messaging/admin/performance-metrics')
  @ApiOperation({ summary: 'Current metrics. For admins.' })
  @ApiBearerAuth()
  @ApiOkResponse({ type: AdminMetricsDto })
  metrics(@CurrentActor() actor: Actor): Promise<AdminMetricsDto> {
    return this.monitoring.metrics(actor);
  }

  @Get('messaging/admin/health-check')
  @ApiOperation({ summary: 'The health of every component. For admins.' })
  @ApiBearerAuth()
  @ApiOkResponse({ type: AdminHealthDto })
  health(@CurrentActor() actor: Actor): Promise<AdminHealthDto> {
    return this.monitoring.health(actor);
  }
}
