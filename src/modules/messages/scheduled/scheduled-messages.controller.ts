import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { IdempotencyConflict } from '../../../platform/errors/app-error.js';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Page } from '../../../platform/pagination/page.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { FileNotAttachable, FileNotFound } from '../../files/files.errors.js';
import { ConversationId } from '../../participants/conversation-id.pipe.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { PageQuery } from '../message-queries.dto.js';
import { ContentTooLong, InvalidMessageType } from '../messages.errors.js';
import { MESSAGE_SEND_LIMIT } from '../messages.limits.js';
import {
  ScheduledMessageDto,
  ScheduledMessageIdParam,
  ScheduledMessagePageDto,
  ScheduleMessageDto,
  UpdateScheduledMessageDto,
} from './scheduled-messages.dto.js';
import {
  ScheduledMessageNotFound,
  ScheduledMessageSending,
  TooManyScheduledMessages,
} from './scheduled-messages.errors.js';
import { ScheduledMessagesService } from './scheduled-messages.service.js';

/** Messages that are sent later. */
@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1')
export class ScheduledMessagesController {
  constructor(private readonly scheduled: ScheduledMessagesService) {}

  @Post('conversations/:id/scheduled-messages')
  @Limit(MESSAGE_SEND_LIMIT)
  @ApiOperation({ summary: 'Schedules a message; counts as a send. Only the caller sees it until it is sent.' })
  @ApiCreatedResponse({ type: ScheduledMessageDto })
  @Throws(
    ConversationNotFound,
    FileNotFound,
    FileNotAttachable,
    ContentTooLong,
    InvalidMessageType,
    IdempotencyConflict,
    TooManyScheduledMessages,
  )
  schedule(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: ScheduleMessageDto,
  ): Promise<ScheduledMessageDto> {
    return this.scheduled.schedule(actor, id, dto);
  }

  @Get('conversations/:id/scheduled-messages')
  @ApiOperation({ summary: 'The caller’s scheduled messages of a conversation, the earliest first.' })
  @ApiOkResponse({ type: ScheduledMessagePageDto })
  @Throws(ConversationNotFound)
  listIn(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: PageQuery,
  ): Promise<Page<ScheduledMessageDto>> {
    return this.scheduled.listIn(actor, id, query);
  }

  @Get('scheduled-messages')
  @ApiOperation({ summary: 'The caller’s scheduled messages of all conversations, the earliest first.' })
  @ApiOkResponse({ type: ScheduledMessagePageDto })
  list(@CurrentActor() actor: Actor, @Query() query: PageQuery): Promise<Page<ScheduledMessageDto>> {
    return this.scheduled.list(actor, query);
  }

  @Patch('scheduled-messages/:id')
  @Limit(MESSAGE_SEND_LIMIT)
  @ApiOperation({ summary: 'Changes a scheduled message; one that failed is scheduled again with a new time.' })
  @ApiOkResponse({ type: ScheduledMessageDto })
  @Throws(ScheduledMessageNotFound, ScheduledMessageSending, FileNotFound, FileNotAttachable, ContentTooLong)
  update(
    @CurrentActor() actor: Actor,
    @Param() { id }: ScheduledMessageIdParam,
    @Body() dto: UpdateScheduledMessageDto,
  ): Promise<ScheduledMessageDto> {
    return this.scheduled.update(actor, id, dto);
  }

  @Delete('scheduled-messages/:id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Deletes a scheduled message; it is not sent.' })
  @ApiNoContentResponse()
  @Throws(ScheduledMessageNotFound, ScheduledMessageSending)
  delete(@CurrentActor() actor: Actor, @Param() { id }: ScheduledMessageIdParam): Promise<void> {
    return this.scheduled.delete(actor, id);
  }
}
