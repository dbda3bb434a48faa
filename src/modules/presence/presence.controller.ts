import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { ConversationId } from '../participants/conversation-id.pipe.js';
import { ConversationFrozen, ConversationNotFound, FeatureDisabled } from '../participants/participants.errors.js';
import { GetPresenceQuery, PresenceDto, PresenceListDto, SetPresenceDto } from './presence.dto.js';
import { PresenceService } from './presence.service.js';
import { TypingService } from './typing.service.js';
import { TYPING_LIMIT } from './presence.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';

@ApiTags('presence')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@Controller('api/v1')
export class PresenceController {
  constructor(
    private readonly presence: PresenceService,
    private readonly typing: TypingService,
  ) {}

  @Get('presence')
  @RequiresScope('users:read')
  @ApiOperation({ summary: 'The presence of users who share a conversation with the caller.' })
  @ApiOkResponse({ type: PresenceListDto })
  get(@CurrentActor() actor: Actor, @Query() query: GetPresenceQuery): Promise<PresenceListDto> {
    return this.presence.get(actor, query);
  }

  @Put('presence')
  @ApiOperation({ summary: 'Sets the caller’s own presence.' })
  @ApiOkResponse({ type: PresenceDto })
  set(@CurrentActor() actor: Actor, @Body() dto: SetPresenceDto): Promise<PresenceDto> {
    return this.presence.set(actor, dto);
  }

  @Post('conversations/:id/typing')
  @ApiOperation({ summary: 'Starts the caller’s typing indicator.' })
  @Limit(TYPING_LIMIT)
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ConversationNotFound, ConversationFrozen, FeatureDisabled)
  startTyping(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<void> {
    return this.typing.start(actor, id);
  }

  @Delete('conversations/:id/typing')
  @ApiOperation({ summary: 'Stops the caller’s typing indicator.' })
  @Limit(TYPING_LIMIT)
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(ConversationNotFound, ConversationFrozen, FeatureDisabled)
  stopTyping(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<void> {
    return this.typing.stop(actor, id);
  }
}
