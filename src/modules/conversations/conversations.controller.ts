import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';
import { NotIdempotent, IdempotentWhenCreated } from '../../platform/http/idempotency.interceptor.js';
import type { Page } from '../../platform/pagination/page.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { ConversationId } from '../participants/conversation-id.pipe.js';
import {
  ConversationNotFound,
  DirectConversationFixed,
  ReasonRequired,
  TooManyParticipants,
} from '../participants/participants.errors.js';
import { InvitationRequired } from '../participants/invitations/invitations.errors.js';
import { UserNotFound } from '../users/users.errors.js';
import {
  ConversationDto,
  CreateConversationDto,
  ExternalConversationParam,
  UpdateConversationDto,
} from './conversations.dto.js';
import {
  ConversationPageDto,
  ListConversationsQuery,
  ListPublicRoomsQuery,
  type PublicRoomDto,
  PublicRoomPageDto,
} from './conversation-pages.dto.js';
import { LegalHold, SlugTaken } from './conversations.errors.js';
import { ConversationsService } from './conversations.service.js';
import { CreateConversation } from './create-conversation.js';
import { CONVERSATION_CREATE_LIMIT } from './conversations.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

@ApiTags('conversations')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@Controller('api/v1/conversations')
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly creation: CreateConversation,
  ) {}

  @Post()
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Creates a conversation; returns the existing one for a direct conversation.' })
  @Limit(CONVERSATION_CREATE_LIMIT)
  @IdempotentWhenCreated()
  @ApiCreatedResponse({ type: ConversationDto })
  @ApiOkResponse({ type: ConversationDto, description: 'The existing direct conversation' })
  @Throws(UserNotFound, SlugTaken, TooManyParticipants, InvitationRequired)
  async create(
    @CurrentActor() actor: Actor,
    @Body() dto: CreateConversationDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ConversationDto> {
    const { id, isNew } = await this.creation.create(actor, dto);
    response.status(isNew ? 201 : 200);
    return this.conversations.getUnchecked(actor, id);
  }

  @Get()
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'The caller’s conversations, the most recently active first.' })
  @ApiOkResponse({ type: ConversationPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: ListConversationsQuery): Promise<ConversationPageDto> {
    return this.conversations.list(actor, query);
  }

  @Get('public')
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'Public rooms, which every user may join.' })
  @ApiOkResponse({ type: PublicRoomPageDto })
  publicRooms(@CurrentActor() actor: Actor, @Query() query: ListPublicRoomsQuery): Promise<Page<PublicRoomDto>> {
    return this.conversations.publicRooms(actor, query);
  }

  @Get(':id')
  @RequiresScope('conversations:read')
  @ApiOperation({ summary: 'One conversation.' })
  @ApiOkResponse({ type: ConversationDto })
  @Throws(ConversationNotFound)
  get(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<ConversationDto> {
    return this.conversations.get(actor, id);
  }

  @Put(':id')
  @ApiOperation({
    summary: 'The conversation with this id of the host product, which is created if there is none. For server keys.',
    description:
      'An existing conversation is returned as it is, whatever the body has. Concurrent calls create one conversation.',
  })
  @RequiresScope('conversations:write')
  @ApiCreatedResponse({ type: ConversationDto })
  @ApiOkResponse({ type: ConversationDto, description: 'The existing conversation' })
  @Throws(UserNotFound, SlugTaken, TooManyParticipants)
  async createByExternalId(
    @CurrentActor() actor: Actor,
    @Param() { id: name }: ExternalConversationParam,
    @Body() dto: CreateConversationDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ConversationDto> {
    const { id, isNew } = await this.creation.findOrCreateByExternalId(actor, name, dto);
    response.status(isNew ? 201 : 200);
    return this.conversations.getUnchecked(actor, id);
  }

  @Patch(':id')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Changes the title, description, picture, metadata or settings of a conversation.' })
  @ApiOkResponse({ type: ConversationDto })
  @Throws(ConversationNotFound, DirectConversationFixed, ReasonRequired)
  update(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: UpdateConversationDto,
  ): Promise<ConversationDto> {
    return this.conversations.update(actor, id, dto);
  }

  @Delete(':id')
  @RequiresScope('conversations:write')
  @ApiOperation({ summary: 'Deletes a conversation for all participants.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ConversationNotFound, LegalHold)
  delete(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<void> {
    return this.conversations.delete(actor, id);
  }

  @Post(':id/join')
  @ApiOperation({ summary: 'Joins a public room.' })
  @HttpCode(200)
  @NotIdempotent() // a repeat has no effect, and a stored response could contain a message that was deleted since
  @ApiOkResponse({ type: ConversationDto })
  @Throws(ConversationNotFound, TooManyParticipants, DirectConversationFixed)
  join(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<ConversationDto> {
    return this.conversations.join(actor, id);
  }
}
