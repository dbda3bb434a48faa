import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { Priority } from '../../../platform/throttling/priority.decorator.js';
import type { Page } from '../../../platform/pagination/page.js';
import { ConversationNotFound, DirectConversationFixed } from '../../participants/participants.errors.js';
import { LastAdmin, UserNotFound } from '../../users/users.errors.js';
import {
  AdminUserDetailsDto,
  AdminUserDto,
  AdminUserPageDto,
  AdminUserParams,
  BanUserDto,
  EndedSessionsDto,
  ListAdminUsersQuery,
  ReasonDto,
  UnbanUserDto,
  UpdateAdminUserDto,
} from './admin-users.dto.js';
import { AdminUsersService } from './admin-users.service.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';

@ApiTags('admin')
@ApiBearerAuth()
@Priority('vital')
@Controller('api/v1/admin/users')
export class AdminUsersController {
  constructor(private readonly users: AdminUsersService) {}

  @Get()
  @RequiresScope('admin:read')
  @ApiOperation({ summary: 'All users with the details that admins see.' })
  @ApiOkResponse({ type: AdminUserPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListAdminUsersQuery): Promise<Page<AdminUserDto>> {
    return this.users.list(actor, query);
  }

  @Get(':id')
  @RequiresScope('admin:read')
  @ApiOperation({ summary: 'One user with the details that admins see.' })
  @ApiOkResponse({ type: AdminUserDetailsDto })
  @Throws(UserNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: AdminUserParams): Promise<AdminUserDetailsDto> {
    return this.users.get(actor, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes the role or profile of a user. For admins.' })
  @ApiOkResponse({ type: AdminUserDetailsDto })
  @Throws(UserNotFound, LastAdmin)
  update(
    @CurrentActor() actor: Actor,
    @Param() { id }: AdminUserParams,
    @Body() dto: UpdateAdminUserDto,
  ): Promise<AdminUserDetailsDto> {
    return this.users.update(actor, id, dto);
  }

  @Post(':id/ban')
  @RequiresScope('moderation')
  @ApiOperation({ summary: 'Bans a user from the installation or from one conversation.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound, ConversationNotFound, DirectConversationFixed)
  ban(@CurrentActor() actor: Actor, @Param() { id }: AdminUserParams, @Body() dto: BanUserDto): Promise<void> {
    return this.users.ban(actor, id, dto);
  }

  @Post(':id/unban')
  @RequiresScope('moderation')
  @ApiOperation({ summary: 'Ends a ban.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound, ConversationNotFound, DirectConversationFixed)
  unban(@CurrentActor() actor: Actor, @Param() { id }: AdminUserParams, @Body() dto: UnbanUserDto): Promise<void> {
    return this.users.unban(actor, id, dto);
  }

  @Post(':id/logout')
  @RequiresScope('moderation')
  @ApiOperation({ summary: 'Ends all sessions of a user.' })
  @HttpCode(200)
  @ApiOkResponse({ type: EndedSessionsDto })
  @Throws(UserNotFound)
  logout(
    @CurrentActor() actor: Actor,
    @Param() { id }: AdminUserParams,
    @Body() dto: ReasonDto,
  ): Promise<EndedSessionsDto> {
    return this.users.logout(actor, id, dto);
  }
}
