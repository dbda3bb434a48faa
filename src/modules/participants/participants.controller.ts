import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { UserNotFound } from '../users/users.errors.js';
import { ConversationId } from './conversation-id.pipe.js';
import {
  AddParticipantsDto,
  ChangeParticipantDto,
  ListParticipantsQuery,
  MarkDto,
  ReadStateDto,
  ConversationPreferencesDto,
  SetPreferencesDto,
  ParticipantDto,
  ParticipantListDto,
  ParticipantPageDto,
  ParticipantUserParam,
} from './participants.dto.js';
import {
  ConversationNotFound,
  DirectConversationFixed,
  ParticipantNotFound,
  ReasonRequired,
  TooManyParticipants,
} from './participants.errors.js';
import { InvitationRequired } from './invitations/invitations.errors.js';
import { ParticipantsService } from './participants.service.js';
import { ReadState } from './read-state.js';
import { ConversationPreferences } from './conversation-preferences.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

@ApiTags('participants')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@Throws(ConversationNotFound)
@Controller('api/v1/conversations/:id')
export class ParticipantsController {
  constructor(
    private readonly participants: ParticipantsService,
    private readonly readState: ReadState,
    private readonly preferences: ConversationPreferences,
  ) {}

  @Get('participants')
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'The participants of a conversation.' })
  @ApiOkResponse({ type: ParticipantPageDto })
  list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListParticipantsQuery,
  ): Promise<ParticipantPageDto> {
    return this.participants.list(actor, id, query);
  }

  @Post('participants')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Adds users to a group or room.' })
  @ApiCreatedResponse({ type: ParticipantListDto })
  @Throws(UserNotFound, TooManyParticipants, DirectConversationFixed, ReasonRequired, InvitationRequired)
  add(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: AddParticipantsDto,
  ): Promise<ParticipantListDto> {
    return this.participants.add(actor, id, dto);
  }

  @Patch('participants/:user_id')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Changes the role of a participant, or mutes them.' })
  @ApiOkResponse({ type: ParticipantDto })
  @Throws(ParticipantNotFound, DirectConversationFixed)
  update(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { user_id: userId }: ParticipantUserParam,
    @Body() dto: ChangeParticipantDto,
  ): Promise<ParticipantDto> {
    return this.participants.update(actor, id, userId, dto);
  }

  @Delete('participants/:user_id')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Removes a participant.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ParticipantNotFound, DirectConversationFixed)
  remove(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Param() { user_id: userId }: ParticipantUserParam,
  ): Promise<void> {
    return this.participants.remove(actor, id, userId);
  }

  @Post('leave')
  @ApiOperation({ summary: 'Leaves the conversation.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(DirectConversationFixed)
  leave(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<void> {
    return this.participants.leave(actor, id);
  }

  @Patch('me')
  @ApiOperation({ summary: 'Archives, mutes or pins the conversation for the caller alone.' })
  @ApiOkResponse({ type: ConversationPreferencesDto })
  setPreferences(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: SetPreferencesDto,
  ): Promise<ConversationPreferencesDto> {
    return this.preferences.set(actor, id, dto);
  }

  @Post('hide')
  @ApiOperation({ summary: 'Takes the conversation out of the caller’s list until its next message.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ConversationPreferencesDto })
  hide(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<ConversationPreferencesDto> {
    return this.preferences.setHidden(actor, id, true);
  }

  @Delete('hide')
  @ApiOperation({ summary: 'Takes the conversation back into the caller’s list.' })
  @ApiOkResponse({ type: ConversationPreferencesDto })
  show(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<ConversationPreferencesDto> {
    return this.preferences.setHidden(actor, id, false);
  }

  @Post('read')
  @ApiOperation({ summary: 'Marks everything up to a message as read.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ReadStateDto })
  markRead(@CurrentActor() actor: Actor, @ConversationId() id: string, @Body() dto: MarkDto): Promise<ReadStateDto> {
    return this.readState.markRead(actor, id, dto);
  }
}
