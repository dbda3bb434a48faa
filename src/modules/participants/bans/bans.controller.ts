import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Page } from '../../../platform/pagination/page.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { CALL_LIMIT } from '../../../platform/throttling/limits.js';
import { UserNotFound } from '../../users/users.errors.js';
import { ConversationId } from '../conversation-id.pipe.js';
import { ParticipantUserParam } from '../participants.dto.js';
import { ConversationNotFound, DirectConversationFixed } from '../participants.errors.js';
import { BannedUserDto, BannedUserPageDto, BanParticipantDto, ListBansQuery } from './bans.dto.js';
import { ConversationBans } from './conversation-bans.service.js';

/** Bans from one conversation, for its moderators. */
@ApiTags('participants')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@Throws(ConversationNotFound, DirectConversationFixed)
@Controller('api/v1/conversations/:id/bans')
export class BansController {
  constructor(private readonly bans: ConversationBans) {}

  @Get()
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'The bans of a conversation that are in force, for its moderators; the newest first.' })
  @ApiOkResponse({ type: BannedUserPageDto })
  list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListBansQuery,
  ): Promise<Page<BannedUserDto>> {
    return this.bans.list(actor, id, query);
  }

  @Post()
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Bans a user from a conversation; a participant is removed.' })
  @ApiCreatedResponse({ type: BannedUserDto })
  @Throws(UserNotFound)
  ban(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: BanParticipantDto,
  ): Promise<BannedUserDto> {
    return this.bans.ban(actor, id, dto);
  }

  @Delete(':user_id')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Ends the ban of a user; without a ban it has no effect.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(UserNotFound)
  unban(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { user_id: userId }: ParticipantUserParam,
  ): Promise<void> {
    return this.bans.unban(actor, id, userId);
  }
}
