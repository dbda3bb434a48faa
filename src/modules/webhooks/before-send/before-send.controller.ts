import { Body, Controller, Delete, Get, HttpCode, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { BeforeSendHookWithSecretDto, CurrentBeforeSendHookDto, SetBeforeSendHookDto } from './before-send.dto.js';
import { BeforeSendService } from './before-send.service.js';

/** The hook that checks messages before they are stored. */
@ApiTags('admin')
@ApiBearerAuth()
@RequiresScope('webhooks')
@Controller('api/v1/admin/hooks/before-send')
export class BeforeSendController {
  constructor(private readonly hooks: BeforeSendService) {}

  @Get()
  @ApiOperation({ summary: 'The hook that checks messages before they are stored.' })
  @ApiOkResponse({ type: CurrentBeforeSendHookDto })
  get(@CurrentActor() actor: Actor): Promise<CurrentBeforeSendHookDto> {
    return this.hooks.get(actor);
  }

  @Put()
  @ApiOperation({
    summary: 'Sets the hook that checks messages before they are stored; replaces an earlier one.',
    description:
      'The host answers each check with `{ action: allow | rewrite | hold | reject, content?, metadata?, reason? }`.',
  })
  @ApiOkResponse({ type: BeforeSendHookWithSecretDto })
  set(@CurrentActor() actor: Actor, @Body() dto: SetBeforeSendHookDto): Promise<BeforeSendHookWithSecretDto> {
    return this.hooks.set(actor, dto);
  }

  @Delete()
  @ApiOperation({ summary: 'Removes the hook; messages are stored without a check.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  delete(@CurrentActor() actor: Actor): Promise<void> {
    return this.hooks.delete(actor);
  }
}
