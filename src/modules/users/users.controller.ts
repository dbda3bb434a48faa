import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import type { Page } from '../../platform/pagination/page.js';
import {
  SearchUsersDto,
  UpdateProfileDto,
  UserDto,
  UserPageDto,
  UserPageQueryDto,
  UserParamsDto,
} from './users.dto.js';
import { UserNotFound } from './users.errors.js';
import { UsersService } from './users.service.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';

@ApiTags('users')
@ApiBearerAuth()
@Controller('api/v1/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @RequiresScope('users:read')
  @ApiOperation({ summary: 'Finds users by a part of their names.' })
  @ApiOkResponse({ type: UserPageDto })
  search(@CurrentActor() actor: Actor, @Query() query: SearchUsersDto): Promise<Page<UserDto>> {
    return this.users.search(actor, query);
  }

  @Get('me')
  @ApiOperation({ summary: 'The caller’s own profile.' })
  @ApiOkResponse({ type: UserDto })
  me(@CurrentActor() actor: Actor): Promise<UserDto> {
    return this.users.get(actor, actor.userId);
  }

  @Patch('me')
  @ApiOperation({ summary: 'Changes the caller’s own profile.' })
  @ApiOkResponse({ type: UserDto })
  updateProfile(@CurrentActor() actor: Actor, @Body() dto: UpdateProfileDto): Promise<UserDto> {
    return this.users.updateProfile(actor, dto);
  }

  @Get('me/blocks')
  @ApiOperation({ summary: 'The users whom the caller has blocked.' })
  @ApiOkResponse({ type: UserPageDto })
  blocks(@CurrentActor() actor: Actor, @Query() query: UserPageQueryDto): Promise<Page<UserDto>> {
    return this.users.listBlockedUsers(actor, query);
  }

  @Get(':id')
  @RequiresScope('users:read')
  @ApiOperation({ summary: 'The profile of a user.' })
  @ApiOkResponse({ type: UserDto })
  @Throws(UserNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: UserParamsDto): Promise<UserDto> {
    return this.users.get(actor, id);
  }

  @Put(':id/block')
  @ApiOperation({ summary: 'Blocks a user.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound)
  block(@CurrentActor() actor: Actor, @Param() { id }: UserParamsDto): Promise<void> {
    return this.users.block(actor, id);
  }

  @Delete(':id/block')
  @ApiOperation({ summary: 'Unblocks a user.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound)
  unblock(@CurrentActor() actor: Actor, @Param() { id }: UserParamsDto): Promise<void> {
    return this.users.unblock(actor, id);
  }
}
