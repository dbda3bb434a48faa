import { Controller, Delete, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import { AccountAdministration } from '../../auth/account-administration.service.js';
import { UserParamsDto } from '../../users/users.dto.js';
import { UserNotFound } from '../../users/users.errors.js';
import { LegalHold } from '../../conversations/conversations.errors.js';
import { DeleteHostUserQuery } from './admin-users.dto.js';
import { DeleteAccount } from './delete-account.js';

/** Accounts as the host product ends and resumes them. */
@ApiTags('users')
@ApiBearerAuth()
@RequiresScope('users:write')
@Controller('api/v1/users/:id')
export class HostAccountsController {
  constructor(
    private readonly accounts: AccountAdministration,
    private readonly deletion: DeleteAccount,
  ) {}

  @Post('deactivate')
  @ApiOperation({
    summary: 'Ends all sessions of a user, who gets none until they are reactivated. For server keys and admins.',
  })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound)
  deactivate(@CurrentActor() actor: Actor, @Param() { id }: UserParamsDto): Promise<void> {
    return this.accounts.deactivate(actor, id);
  }

  @Post('reactivate')
  @ApiOperation({ summary: 'Reactivates a deactivated user. For server keys and admins.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound)
  reactivate(@CurrentActor() actor: Actor, @Param() { id }: UserParamsDto): Promise<void> {
    return this.accounts.reactivate(actor, id);
  }

  @Delete()
  @ApiOperation({ summary: 'Deletes the account of a user. For server keys and admins.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound, LegalHold)
  delete(
    @CurrentActor() actor: Actor,
    @Param() { id }: UserParamsDto,
    @Query() { messages }: DeleteHostUserQuery,
  ): Promise<void> {
    return this.deletion.deleteForHost(actor, id, messages);
  }
}
