import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Page } from '../../../platform/pagination/page.js';
import { AuditEntryDto, AuditPageDto, ListAuditLogQuery } from './audit.dto.js';
import { ReadAuditLog } from './read-audit-log.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';

@ApiTags('admin')
@ApiBearerAuth()
@RequiresScope('admin:read')
@Controller('api/v1/admin')
export class AuditController {
  constructor(private readonly log: ReadAuditLog) {}

  @Get('audit-log')
  @ApiOperation({ summary: 'The audit log, newest first. For admins.' })
  @ApiOkResponse({ type: AuditPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListAuditLogQuery): Promise<Page<AuditEntryDto>> {
    return this.log.list(actor, query);
  }
}
