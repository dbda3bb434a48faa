import { Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { ConversationFrozen, FeatureDisabled } from '../../participants/participants.errors.js';
import { MessageDto, MessageIdParam } from '../messages.dto.js';
import {
  ContentRejected,
  MessageNotEditable,
  MessageNotFound,
  SlowMode,
  TooManyReactions,
} from '../messages.errors.js';
import { ListReactionsQuery, ReactionParams, UserReactionPageDto } from './reactions.dto.js';
import { ReactionsService } from './reactions.service.js';

/** Reactions to messages. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1/messages/:id/reactions')
export class ReactionsController {
  constructor(private readonly reactions: ReactionsService) {}

  @Get()
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'Who has reacted to a message, the earliest first.' })
  @ApiOkResponse({ type: UserReactionPageDto })
  @Throws(MessageNotFound)
  list(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() query: ListReactionsQuery,
  ): Promise<UserReactionPageDto> {
    return this.reactions.list(actor, id, query);
  }

  @Put(':emoji')
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Adds a reaction: one emoji, or :name:.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(
    MessageNotFound,
    MessageNotEditable,
    TooManyReactions,
    ConversationFrozen,
    FeatureDisabled,
    SlowMode,
    ContentRejected,
  )
  react(@CurrentActor() actor: Actor, @Param() { id, emoji }: ReactionParams): Promise<MessageDto> {
    return this.reactions.react(actor, id, emoji);
  }

  @Delete(':emoji')
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Removes the caller’s reaction.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable)
  unreact(@CurrentActor() actor: Actor, @Param() { id, emoji }: ReactionParams): Promise<MessageDto> {
    return this.reactions.unreact(actor, id, emoji);
  }
}
