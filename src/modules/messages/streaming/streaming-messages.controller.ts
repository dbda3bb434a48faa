import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { ConversationFrozen, ConversationNotFound, FeatureDisabled } from '../../participants/participants.errors.js';
import { MessageDto, MessageIdParam } from '../messages.dto.js';
import {
  CheckUnavailable,
  ContentRejected,
  ContentTooLong,
  MessageNotEditable,
  MessageNotFound,
} from '../messages.errors.js';
import { MESSAGE_APPEND_LIMIT } from '../messages.limits.js';
import { FinishStreamingMessage } from './finish-streaming-message.js';
import { AppendedDto, AppendToMessageDto, FinishMessageDto } from './streaming-messages.dto.js';
import { MessageNotStreaming, StreamingOffset } from './streaming-messages.errors.js';
import { StreamingMessagesService } from './streaming-messages.service.js';

/** The text of messages that were sent with `is_streaming`. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1/messages/:id')
export class StreamingMessagesController {
  constructor(
    private readonly streaming: StreamingMessagesService,
    private readonly finishing: FinishStreamingMessage,
  ) {}

  @Post('append')
  @HttpCode(200)
  @RequiresScope('messages:write')
  @Limit(MESSAGE_APPEND_LIMIT)
  @ApiOperation({ summary: 'Appends to the caller’s streaming message. A repeated append changes nothing.' })
  @ApiOkResponse({ type: AppendedDto })
  @Throws(
    MessageNotFound,
    ConversationNotFound,
    MessageNotStreaming,
    StreamingOffset,
    ContentTooLong,
    ContentRejected,
    FeatureDisabled,
    ConversationFrozen,
  )
  append(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Body() dto: AppendToMessageDto,
  ): Promise<AppendedDto> {
    return this.streaming.append(actor, id, dto);
  }

  @Post('finish')
  @HttpCode(200)
  @RequiresScope('messages:write')
  @Limit(MESSAGE_APPEND_LIMIT)
  @ApiOperation({ summary: 'Completes the caller’s streaming message. A repeat has no effect.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(
    MessageNotFound,
    ConversationNotFound,
    MessageNotStreaming,
    MessageNotEditable,
    StreamingOffset,
    ContentTooLong,
    ContentRejected,
    CheckUnavailable,
    FeatureDisabled,
    ConversationFrozen,
  )
  finish(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Body() dto: FinishMessageDto,
  ): Promise<MessageDto> {
    return this.finishing.finish(actor, id, dto);
  }

  @Post('cancel')
  @HttpCode(200)
  @RequiresScope('messages:write')
  @Limit(MESSAGE_APPEND_LIMIT)
  @ApiOperation({ summary: 'Ends the caller’s streaming message with the text so far. A repeat has no effect.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, ConversationNotFound, MessageNotStreaming, MessageNotEditable, ConversationFrozen)
  cancel(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.finishing.cancel(actor, id);
  }
}
