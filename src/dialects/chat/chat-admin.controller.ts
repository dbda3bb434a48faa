import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminHealthDto } from '../../modules/admin/monitoring/monitoring.dto.js';
import { AdminService } from '../../modules/admin/admin.service.js';
import { UserNotFound } from '../../modules/users/users.errors.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { Priority } from '../../platform/throttling/priority.decorator.js';
import { ChatUserAdministration } from './chat-user-administration.js';
import {
  ChatBanDto,
  ChatBanResultDto,
  ChatStatsDto,
  ChatUnbanDto,
  ChatUserPageDto,
  ChatUserParam,
  ListChatUsersQuery,
} from './chat-admin.dto.js';
import { CHAT_LIMITS } from './chat.limits.js';
import { presentStats } from './chat.presenter.js';

@ApiTags('dialect: chat')
@ApiBearerAuth()
@RateLimitProfile(CHAT_LIMITS)
@Controller('admin')
export class ChatAdminController {
  constructor(
    private readonly monitoring: AdminService,
    private readonly users: ChatUserAdministration,
  ) {}

  @Get('dashboard/stats')
  @ApiOperation({ summary: 'Statistics of the whole system. For admins.' })
  @Priority('figures')
  @ApiOkResponse({ type: ChatStatsDto })
  async stats(@CurrentActor() actor: Actor): Promise<ChatStatsDto> {
    return presentStats(await this.monitoring.stats(actor));
  }

  @Get('system/health')
  @ApiOperation({ summary: 'The health of every component. For admins.' })
  @Priority('vital')
  @ApiOkResponse({ type: AdminHealthDto })
  health(@CurrentActor() actor: Actor): Promise<AdminHealthDto> {
    return this.monitoring.health(actor);
  }

  @Get('users')
  @ApiOperation({ summary: 'Lists all users. For admins.' })
  @ApiOkResponse({ type: ChatUserPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListChatUsersQuery): Promise<ChatUserPageDto> {
    return this.users.list(actor, query);
  }

  @Post('users/:user_id/ban')
  @ApiOperation({ summary: 'Bans a user. For admins.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ChatBanResultDto })
  @Throws(UserNotFound)
  ban(
    @CurrentActor() actor: Actor,
    @Param() { user_id: id }: ChatUserParam,
    @Body() dto: ChatBanDto,
  ): Promise<ChatBanResultDto> {
    return this.users.ban(actor, id, dto);
  }

  @Post('users/:user_id/unban')
  @ApiOperation({ summary: 'Ends a ban. For admins.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ChatBanResultDto })
  @Throws(UserNotFound)
  unban(
    @CurrentActor() actor: Actor,
    @Param() { user_id: id }: ChatUserParam,
    @Body() dto: ChatUnbanDto,
  ): Promise<ChatBanResultDto> {
    return this.users.unban(actor, id, dto);
  }
}
