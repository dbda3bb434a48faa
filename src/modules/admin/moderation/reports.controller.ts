import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/http/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { NotIdempotent } from '../../../platform/http/idempotency.interceptor.js';
import type { Page } from '../../../platform/pagination/page.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { MessageNotEditable } from '../../messages/messages.errors.js';
import { UserNotFound } from '../../users/users.errors.js';
import {
  AlreadyReported,
  OutcomeNotPossible,
  ReportClaimed,
  ReportNotFound,
  ReportResolved,
  ReportTargetNotFound,
} from './moderation.errors.js';
import { ReadReports } from './read-reports.js';
import {
  AdminReportDto,
  AdminReportPageDto,
  CreateReportDto,
  ListReportsQuery,
  ReportDto,
  ReportIdParam,
  ResolveReportDto,
  UpdateReportDto,
} from './reports.dto.js';
import { ReportsService } from './reports.service.js';
import { ResolveReport } from './resolve-report.js';

/** For everybody. */
@ApiTags('moderation')
@ApiBearerAuth()
@Controller('api/v1/reports')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Post()
  @ApiOperation({ summary: 'Reports a message, a user or a conversation to the moderators.' })
  @Limit('report')
  @ApiCreatedResponse({ type: ReportDto })
  @Throws(ReportTargetNotFound, AlreadyReported)
  report(@CurrentActor() actor: Actor, @Body() dto: CreateReportDto): Promise<ReportDto> {
    return this.reports.report(actor, dto);
  }
}

/** For moderators and admins. */
@ApiTags('moderation')
@ApiBearerAuth()
@Limit('call')
@Controller('api/v1/admin/reports')
export class ReportQueueController {
  constructor(
    private readonly reports: ReportsService,
    private readonly reading: ReadReports,
    private readonly resolving: ResolveReport,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The reports, filtered. For moderators.' })
  @ApiOkResponse({ type: AdminReportPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListReportsQuery): Promise<Page<AdminReportDto>> {
    return this.reading.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One report. For moderators.' })
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: ReportIdParam): Promise<AdminReportDto> {
    return this.reading.get(actor, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes the priority of a report, or leaves a note. For moderators.' })
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound, ReportClaimed, ReportResolved)
  async update(
    @CurrentActor() actor: Actor,
    @Param() { id }: ReportIdParam,
    @Body() dto: UpdateReportDto,
  ): Promise<AdminReportDto> {
    await this.reports.update(actor, id, dto);
    return this.reading.get(actor, id);
  }

  @NotIdempotent() // it would keep texts of others
  @Post(':id/claim')
  @ApiOperation({ summary: 'Takes a report on. For moderators.' })
  @HttpCode(200)
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound, ReportClaimed, ReportResolved)
  async claim(@CurrentActor() actor: Actor, @Param() { id }: ReportIdParam): Promise<AdminReportDto> {
    await this.reports.claim(actor, id);
    return this.reading.get(actor, id);
  }

  @NotIdempotent() // it would keep texts of others
  @Post(':id/release')
  @ApiOperation({ summary: 'Gives a report back that one has taken on. For moderators.' })
  @HttpCode(200)
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound, ReportClaimed, ReportResolved)
  async release(@CurrentActor() actor: Actor, @Param() { id }: ReportIdParam): Promise<AdminReportDto> {
    await this.reports.release(actor, id);
    return this.reading.get(actor, id);
  }

  @NotIdempotent() // it would keep texts of others
  @Post(':id/resolve')
  @ApiOperation({ summary: 'Decides a report, and does what was decided. For moderators.' })
  @HttpCode(200)
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound, ReportClaimed, ReportResolved, OutcomeNotPossible, UserNotFound, MessageNotEditable)
  async resolve(
    @CurrentActor() actor: Actor,
    @Param() { id }: ReportIdParam,
    @Body() dto: ResolveReportDto,
  ): Promise<AdminReportDto> {
    await this.resolving.resolve(actor, id, dto);
    return this.reading.get(actor, id);
  }
}
