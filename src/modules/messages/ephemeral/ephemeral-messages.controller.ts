import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { ConversationId } from '../../participants/conversation-id.pipe.js';
import { ConversationFrozen, ConversationNotFound, FeatureDisabled } from '../../participants/participants.errors.js';
import { CheckUnavailable, ContentRejected, ContentTooLong, InvalidAudience, SlowMode } from '../messages.errors.js';
import { MESSAGE_SEND_LIMIT } from '../messages.limits.js';
import { SendEphemeralMessageDto, SentEphemeralMessageDto } from './ephemeral-messages.dto.js';
import { EphemeralMessagesService } from './ephemeral-messages.service.js';

/** Messages that are not stored. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1')
export class EphemeralMessagesController {
  constructor(private readonly ephemeral: EphemeralMessagesService) {}

  @Post('conversations/:id/ephemeral-messages')
  @RequiresScope('messages:write')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sends a message to those who are connected now. It is not stored; counts as a send.',
    description: 'A user who is offline, or whose client reads too slowly, does not receive it, also not later.',
  })
  @Limit(MESSAGE_SEND_LIMIT)
  @ApiOkResponse({ type: SentEphemeralMessageDto })
  @Throws(
    ConversationNotFound,
    ConversationFrozen,
    SlowMode,
    InvalidAudience,
    ContentTooLong,
    FeatureDisabled,
    ContentRejected,
    CheckUnavailable,
  )
  send(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: SendEphemeralMessageDto,
  ): Promise<SentEphemeralMessageDto> {
    return this.ephemeral.send(actor, id, dto);
  }
}
