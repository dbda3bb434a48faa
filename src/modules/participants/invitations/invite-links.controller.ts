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
import { ConversationId } from '../conversation-id.pipe.js';
import { ConversationNotFound, DirectConversationFixed, TooManyParticipants } from '../participants.errors.js';
import { INVITATION_LIMIT } from '../participants.limits.js';
import { ListInvitationsQuery } from './invitations.dto.js';
import { InviteLinkNotFound, TooManyInviteLinks } from './invitations.errors.js';
import {
  CreateInviteLinkDto,
  InviteLinkDto,
  InviteLinkPageDto,
  InviteLinkParam,
  JoinedByLinkDto,
  NewInviteLinkDto,
  UseInviteLinkDto,
} from './invite-links.dto.js';
import { InviteLinksService } from './invite-links.service.js';

/** Links by which users join a conversation. */
@ApiTags('invitations')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@Controller('api/v1')
export class InviteLinksController {
  constructor(private readonly links: InviteLinksService) {}

  @Post('conversations/:id/invite-links')
  @Limit(INVITATION_LIMIT)
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Creates a link by which users join a group or room.' })
  @ApiCreatedResponse({ type: NewInviteLinkDto })
  @Throws(ConversationNotFound, DirectConversationFixed, TooManyInviteLinks)
  create(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: CreateInviteLinkDto,
  ): Promise<NewInviteLinkDto> {
    return this.links.create(actor, id, dto);
  }

  @Get('conversations/:id/invite-links')
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'The links of a conversation that can be used, without their codes; the newest first.' })
  @ApiOkResponse({ type: InviteLinkPageDto })
  @Throws(ConversationNotFound, DirectConversationFixed)
  list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListInvitationsQuery,
  ): Promise<Page<InviteLinkDto>> {
    return this.links.list(actor, id, query);
  }

  @Delete('conversations/:id/invite-links/:link_id')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Revokes a link; one that does not exist has no effect.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ConversationNotFound, DirectConversationFixed)
  revoke(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { link_id: linkId }: InviteLinkParam,
  ): Promise<void> {
    return this.links.revoke(actor, id, linkId);
  }

  @Post('invite-links/join')
  @ApiOperation({ summary: 'Joins a conversation by the code of a link.' })
  @HttpCode(200)
  @ApiOkResponse({ type: JoinedByLinkDto })
  @Throws(InviteLinkNotFound, TooManyParticipants)
  join(@CurrentActor() actor: Actor, @Body() { code }: UseInviteLinkDto): Promise<JoinedByLinkDto> {
    return this.links.join(actor, code);
  }
}
