import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Page } from '../../../platform/pagination/page.js';
import {
  AdminConversationDto,
  AdminConversationPageDto,
  ListAdminConversationsQuery,
} from './admin-conversations.dto.js';
import { AdminConversationsService } from './admin-conversations.service.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';

@ApiTags('admin')
@ApiBearerAuth()
@RequiresScope('admin:read')
@Controller('api/v1/admin/conversations')
export class AdminConversationsController {
  constructor(private readonly conversations: AdminConversationsService) {}

  @Get()
  @ApiOperation({ summary: 'All conversations with their statistics, without content. For admins.' })
  @ApiOkResponse({ type: AdminConversationPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListAdminConversationsQuery): Promise<Page<AdminConversationDto>> {
    return this.conversations.list(actor, query);
  }
}
