import { Body, Controller, Param, Patch } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import { UserDto, UserParamsDto } from '../users.dto.js';
import { ExternalIdTaken, UsernameOrEmailTaken, UserNotFound } from '../users.errors.js';
import { UpdateHostUserDto } from './host-users.dto.js';
import { HostUsersService } from './host-users.service.js';

/** One user of the host product. */
@ApiTags('users')
@ApiBearerAuth()
@Controller('api/v1/users/:id')
export class HostUsersController {
  constructor(private readonly users: HostUsersService) {}

  @RequiresScope('users:write')
  @Patch()
  @ApiOperation({ summary: 'Changes a user. For server keys and admins.' })
  @ApiOkResponse({ type: UserDto })
  @Throws(UserNotFound, UsernameOrEmailTaken, ExternalIdTaken)
  update(
    @CurrentActor() actor: Actor,
    @Param() { id }: UserParamsDto,
    @Body() dto: UpdateHostUserDto,
  ): Promise<UserDto> {
    return this.users.update(actor, id, dto);
  }
}
