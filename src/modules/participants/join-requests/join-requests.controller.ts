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
import { UserNotFound } from '../../users/users.errors.js';
import { ConversationId } from '../conversation-id.pipe.js';
import { ListInvitationsQuery } from '../invitations/invitations.dto.js';
import { ConversationNotFound, DirectConversationFixed, TooManyParticipants } from '../participants.errors.js';
import { JOIN_REQUEST_LIMIT } from '../participants.limits.js';
import { AskToJoinDto, JoinRequestDto, JoinRequestPageDto, JoinRequestParam } from './join-requests.dto.js';
import { JoinRequestNotFound, JoinRequestNotNeeded, TooManyJoinRequests } from './join-requests.errors.js';
import { JoinRequestsService } from './join-requests.service.js';

/** Requests of users to take part in a private conversation. */
@ApiTags('join requests')
@ApiBearerAuth()
@Controller('api/v1')
export class JoinRequestsController {
  constructor(private readonly joinRequests: JoinRequestsService) {}

  @Post('conversations/:id/join-requests')
  @Limit(JOIN_REQUEST_LIMIT)
  @ApiOperation({ summary: 'Asks to join a private group or room that accepts requests.' })
  @ApiCreatedResponse({ type: JoinRequestDto })
  @Throws(ConversationNotFound, DirectConversationFixed, JoinRequestNotNeeded, TooManyJoinRequests)
  ask(@CurrentActor() actor: Actor, @ConversationId() id: string, @Body() dto: AskToJoinDto): Promise<JoinRequestDto> {
    return this.joinRequests.ask(actor, id, dto);
  }

  @Get('conversations/:id/join-requests')
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'The open join requests to a conversation, the newest first.' })
  @ApiOkResponse({ type: JoinRequestPageDto })
  @Throws(ConversationNotFound, DirectConversationFixed)
  listOf(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListInvitationsQuery,
  ): Promise<Page<JoinRequestDto>> {
    return this.joinRequests.listOf(actor, id, query);
  }

  @Get('join-requests')
  @ApiOperation({ summary: 'The caller’s own open join requests, the newest first.' })
  @ApiOkResponse({ type: JoinRequestPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListInvitationsQuery): Promise<Page<JoinRequestDto>> {
    return this.joinRequests.listOwn(actor, query);
  }

  @Delete('join-requests/:id')
  @ApiOperation({ summary: 'Withdraws an own join request.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(JoinRequestNotFound)
  withdraw(@CurrentActor() actor: Actor, @Param() { id }: JoinRequestParam): Promise<void> {
    return this.joinRequests.withdraw(actor, id);
  }

  @Post('join-requests/:id/approve')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Approves a join request: the user becomes a participant.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(JoinRequestNotFound, UserNotFound, TooManyParticipants)
  approve(@CurrentActor() actor: Actor, @Param() { id }: JoinRequestParam): Promise<void> {
    return this.joinRequests.approve(actor, id);
  }

  @Post('join-requests/:id/decline')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Declines a join request.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(JoinRequestNotFound)
  decline(@CurrentActor() actor: Actor, @Param() { id }: JoinRequestParam): Promise<void> {
    return this.joinRequests.decline(actor, id);
  }
}
