import { Body, Controller, Delete, HttpCode, Param, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { Priority } from '../../../platform/throttling/priority.decorator.js';
import { UserNotFound } from '../../users/users.errors.js';
import { AdminUserParams, ShadowBanUserDto } from './admin-users.dto.js';
import { AdminUsersService } from './admin-users.service.js';

/** Bans of which the user is not informed. */
@ApiTags('admin')
@ApiBearerAuth()
@Priority('vital')
@Controller('api/v1/admin/users/:id/shadow-ban')
export class ShadowBansController {
  constructor(private readonly users: AdminUsersService) {}

  @Put()
  @RequiresScope('moderation')
  @HttpCode(204)
  @ApiOperation({ summary: 'Shows what a user sends to them alone, without informing them. For admins.' })
  @ApiNoContentResponse()
  @Throws(UserNotFound)
  set(@CurrentActor() actor: Actor, @Param() { id }: AdminUserParams, @Body() dto: ShadowBanUserDto): Promise<void> {
    return this.users.shadowBan(actor, id, dto);
  }

  @Delete()
  @RequiresScope('moderation')
  @HttpCode(204)
  @ApiOperation({ summary: 'Ends a shadow ban. What the user has sent meanwhile stays as it is. For admins.' })
  @ApiNoContentResponse()
  @Throws(UserNotFound)
  lift(@CurrentActor() actor: Actor, @Param() { id }: AdminUserParams): Promise<void> {
    return this.users.liftShadowBan(actor, id);
  }
}
