import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
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
import { ParticipantUserParam } from '../participants.dto.js';
import { ConversationNotFound, DirectConversationFixed, TooManyParticipants } from '../participants.errors.js';
import { INVITATION_LIMIT } from '../participants.limits.js';
import {
  InvitationDto,
  InvitationListDto,
  InvitationPageDto,
  InvitationParam,
  InvitationSettingsDto,
  InviteDto,
  ListInvitationsQuery,
} from './invitations.dto.js';
import { InvitationNotFound } from './invitations.errors.js';
import { InvitationsService } from './invitations.service.js';

/** Invitations, for those who may invite. */
@ApiTags('invitations')
@ApiBearerAuth()
@Throws(ConversationNotFound, DirectConversationFixed)
@Controller('api/v1/conversations/:id/invitations')
export class ConversationInvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  @Post()
  @Limit(INVITATION_LIMIT)
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Invites users to a group or room.' })
  @ApiCreatedResponse({ type: InvitationListDto })
  @Throws(UserNotFound, TooManyParticipants)
  invite(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: InviteDto,
  ): Promise<InvitationListDto> {
    return this.invitations.invite(actor, id, dto);
  }

  @Get()
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'The open invitations to a conversation, the newest first.' })
  @ApiOkResponse({ type: InvitationPageDto })
  list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListInvitationsQuery,
  ): Promise<Page<InvitationDto>> {
    return this.invitations.listOf(actor, id, query);
  }

  @Delete(':user_id')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Withdraws the invitation of a user; without one it has no effect.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  withdraw(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { user_id: userId }: ParticipantUserParam,
  ): Promise<void> {
    return this.invitations.withdraw(actor, id, userId);
  }
}

/** The caller's own invitations. */
@ApiTags('invitations')
@ApiBearerAuth()
@Controller('api/v1/invitations')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  @Get()
  @ApiOperation({ summary: 'The caller’s open invitations, the newest first.' })
  @ApiOkResponse({ type: InvitationPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListInvitationsQuery): Promise<Page<InvitationDto>> {
    return this.invitations.listOwn(actor, query);
  }

  @Get('settings')
  @ApiOperation({ summary: 'Whether others can only invite the caller, not add them.' })
  @ApiOkResponse({ type: InvitationSettingsDto })
  settings(@CurrentActor() actor: Actor): Promise<InvitationSettingsDto> {
    return this.invitations.settings(actor);
  }

  @Put('settings')
  @ApiOperation({ summary: 'Sets whether others can only invite the caller, not add them.' })
  @ApiOkResponse({ type: InvitationSettingsDto })
  setSettings(@CurrentActor() actor: Actor, @Body() dto: InvitationSettingsDto): Promise<InvitationSettingsDto> {
    return this.invitations.setSettings(actor, dto);
  }

  @Post(':id/accept')
  @ApiOperation({ summary: 'Accepts an invitation: the caller becomes a participant.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(InvitationNotFound, TooManyParticipants)
  accept(@CurrentActor() actor: Actor, @Param() { id }: InvitationParam): Promise<void> {
    return this.invitations.accept(actor, id);
  }

  @Post(':id/decline')
  @ApiOperation({ summary: 'Declines an invitation.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(InvitationNotFound)
  decline(@CurrentActor() actor: Actor, @Param() { id }: InvitationParam): Promise<void> {
    return this.invitations.decline(actor, id);
  }
}
