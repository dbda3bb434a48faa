import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IdempotencyConflict } from '../../../platform/errors/app-error.js';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { FileNotAttachable, FileNotFound, FileQuotaExceeded } from '../../files/files.errors.js';
import { ConversationFrozen, ConversationNotFound, FeatureDisabled } from '../../participants/participants.errors.js';
import { MessageIdParam } from '../messages.dto.js';
import {
  CheckUnavailable,
  ContentRejected,
  ContentTooLong,
  HeldForReview,
  MessageNotFound,
  SlowMode,
} from '../messages.errors.js';
import { MESSAGE_SEND_LIMIT } from '../messages.limits.js';
import { ForwardMessageDto, ForwardResultListDto } from './forwarding.dto.js';
import { MessageStreaming } from '../streaming/streaming-messages.errors.js';
import { MessageNotForwardable } from './forwarding.errors.js';
import { ForwardingService } from './forwarding.service.js';

/** Messages that are sent on. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1')
export class ForwardingController {
  constructor(private readonly forwarding: ForwardingService) {}

  @Post('messages/:id/forward')
  @Limit(MESSAGE_SEND_LIMIT)
  @ApiOperation({
    summary: 'Forwards a message into one or several conversations; counts as a send in each.',
    description:
      'The response has a result for each conversation. If none receives the message, the first error is returned.',
  })
  @ApiCreatedResponse({ type: ForwardResultListDto })
  @Throws(
    MessageNotFound,
    MessageNotForwardable,
    MessageStreaming,
    ConversationNotFound,
    ConversationFrozen,
    FeatureDisabled,
    FileNotFound,
    FileNotAttachable,
    FileQuotaExceeded,
    ContentTooLong,
    ContentRejected,
    CheckUnavailable,
    HeldForReview,
    SlowMode,
    IdempotencyConflict,
  )
  forward(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Body() dto: ForwardMessageDto,
  ): Promise<ForwardResultListDto> {
    return this.forwarding.forward(actor, id, dto);
  }
}
