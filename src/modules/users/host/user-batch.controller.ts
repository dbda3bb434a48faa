import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import { ExternalIdsQuery, UpsertResultDto, UpsertUsersDto, UsersByExternalIdDto } from './host-users.dto.js';
import { HostUsersService } from './host-users.service.js';
import { UpsertUsers } from './upsert-users.js';

/** Many users of the host product at once. */
@ApiTags('users')
@ApiBearerAuth()
@Controller('api/v1/users/batch')
export class UserBatchController {
  constructor(
    private readonly users: HostUsersService,
    private readonly upserts: UpsertUsers,
  ) {}

  @RequiresScope('users:write')
  @Put()
  @ApiOperation({
    summary: 'Creates and updates users by their ids in the host product. For server keys and admins.',
    description: 'May be repeated. After an error of the whole call, entries may have been stored.',
  })
  @ApiOkResponse({ type: UpsertResultDto })
  upsert(@CurrentActor() actor: Actor, @Body() dto: UpsertUsersDto): Promise<UpsertResultDto> {
    return this.upserts.upsert(actor, dto.users);
  }

  @RequiresScope('users:read')
  @Get()
  @ApiOperation({ summary: 'Users by their ids in the host product. For server keys and admins.' })
  @ApiOkResponse({ type: UsersByExternalIdDto })
  get(@CurrentActor() actor: Actor, @Query() query: ExternalIdsQuery): Promise<UsersByExternalIdDto> {
    return this.users.getMany(actor, query.external_ids);
  }
}
