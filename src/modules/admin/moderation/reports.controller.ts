import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { LegalHold } from '../../conversations/conversations.errors.js';
import { NotIdempotent } from '../../../platform/http/idempotency.interceptor.js';
import type { Page } from '../../../platform/pagination/page.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { MessagePageDto } from '../../messages/message-pages.dto.js';
import { ModeratorDelete } from '../../messages/moderator-delete.service.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { MessageNotEditable, MessageNotFound } from '../../messages/messages.errors.js';
import { UserNotFound } from '../../users/users.errors.js';
import {
  AlreadyReported,
  OutcomeNotPossible,
  ReportClaimed,
  ReportNotFound,
  ReportResolved,
  ReportTargetNotFound,
} from './moderation.errors.js';
import { ReadReportedConversation } from './read-reported-conversation.js';
import { ReadReports } from './read-reports.js';
import {
  AdminReportDto,
  AdminReportPageDto,
  CreateReportDto,
  ListReportsQuery,
  ModeratedMessageParam,
  ReportedConversationQuery,
  ReportDto,
  ReportIdParam,
  ResolveReportDto,
  UpdateReportDto,
} from './reports.dto.js';
import { ReportsService } from './reports.service.js';
import { ResolveReport } from './resolve-report.js';
import { ReasonDto } from '../users/admin-users.dto.js';
import { REPORT_LIMIT } from '../admin.limits.js';
import { CALL_LIMIT } from '../../../platform/throttling/limits.js';

/** For all users. */
@ApiTags('moderation')
@ApiBearerAuth()
@Controller('api/v1/reports')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Post()
  @ApiOperation({ summary: 'Reports a message, a user or a conversation to the moderators.' })
  @Limit(REPORT_LIMIT)
  @ApiCreatedResponse({ type: ReportDto })
  @Throws(ReportTargetNotFound, AlreadyReported)
  report(@CurrentActor() actor: Actor, @Body() dto: CreateReportDto): Promise<ReportDto> {
    return this.reports.report(actor, dto);
  }
}

/** For moderators and admins. */
@ApiTags('moderation')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@RequiresScope('moderation')
@Controller('api/v1/admin/reports')
export class ReportQueueController {
  constructor(
    private readonly reports: ReportsService,
    private readonly reader: ReadReports,
    private readonly resolver: ResolveReport,
    private readonly conversations: ReadReportedConversation,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The reports, filtered. For moderators.' })
  @ApiOkResponse({ type: AdminReportPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListReportsQuery): Promise<Page<AdminReportDto>> {
    return this.reader.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One report. For moderators.' })
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: ReportIdParam): Promise<AdminReportDto> {
    return this.reader.get(actor, id);
  }

  @Get(':id/messages')
  @ApiOperation({
    summary: 'Messages of the conversation of a report, by default around the reported one. For moderators; audited.',
  })
  @ApiOkResponse({ type: MessagePageDto })
  @Throws(ReportNotFound, ConversationNotFound, MessageNotFound)
  messages(
    @CurrentActor() actor: Actor,
    @Param() { id }: ReportIdParam,
    @Query() query: ReportedConversationQuery,
  ): Promise<MessagePageDto> {
    return this.conversations.page(actor, id, query);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes the priority of a report, or sets its note. For moderators.' })
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound, ReportClaimed, ReportResolved)
  async update(
    @CurrentActor() actor: Actor,
    @Param() { id }: ReportIdParam,
    @Body() dto: UpdateReportDto,
  ): Promise<AdminReportDto> {
    await this.reports.update(actor, id, dto);
    return this.reader.get(actor, id);
  }

  @NotIdempotent() // a stored response would keep the texts of other users
  @Post(':id/claim')
  @ApiOperation({ summary: 'Claims a report. For moderators.' })
  @HttpCode(200)
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound, ReportClaimed, ReportResolved)
  async claim(@CurrentActor() actor: Actor, @Param() { id }: ReportIdParam): Promise<AdminReportDto> {
    await this.reports.claim(actor, id);
    return this.reader.get(actor, id);
  }

  @NotIdempotent() // a stored response would keep the texts of other users
  @Post(':id/release')
  @ApiOperation({ summary: 'Releases a claimed report. For moderators.' })
  @HttpCode(200)
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(ReportNotFound, ReportClaimed, ReportResolved)
  async release(@CurrentActor() actor: Actor, @Param() { id }: ReportIdParam): Promise<AdminReportDto> {
    await this.reports.release(actor, id);
    return this.reader.get(actor, id);
  }

  @NotIdempotent() // a stored response would keep the texts of other users
  @Post(':id/resolve')
  @ApiOperation({ summary: 'Resolves a report with an outcome and carries it out. For moderators.' })
  @HttpCode(200)
  @ApiOkResponse({ type: AdminReportDto })
  @Throws(
    ReportNotFound,
    ReportClaimed,
    ReportResolved,
    OutcomeNotPossible,
    UserNotFound,
    MessageNotEditable,
    LegalHold,
  )
  async resolve(
    @CurrentActor() actor: Actor,
    @Param() { id }: ReportIdParam,
    @Body() dto: ResolveReportDto,
  ): Promise<AdminReportDto> {
    await this.resolver.resolve(actor, id, dto);
    return this.reader.get(actor, id);
  }
}

/** For moderators and admins, who need not be participants. */
@ApiTags('moderation')
@ApiBearerAuth()
@RequiresScope('moderation')
@Limit(CALL_LIMIT)
@Controller('api/v1/admin/messages')
export class ModeratedMessagesController {
  constructor(private readonly deletion: ModeratorDelete) {}

  @Delete(':id')
  @ApiOperation({ summary: 'Deletes a message in any conversation; a tombstone remains. For moderators; audited.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(MessageNotFound, MessageNotEditable)
  delete(
    @CurrentActor() actor: Actor,
    @Param() { id }: ModeratedMessageParam,
    @Body() { reason }: ReasonDto,
  ): Promise<void> {
    return this.deletion.deleteAsModerator(actor, id, reason);
  }
}
