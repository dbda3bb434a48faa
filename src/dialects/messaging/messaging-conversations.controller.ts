import { Body, Controller, Get, Post, Query, Res, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { FileNotAttachable, FileNotFound } from '../../modules/files/files.errors.js';
import {
  ContentRejected,
  ContentTooLong,
  HeldForReview,
  InvalidMessageType,
  SlowMode,
} from '../../modules/messages/messages.errors.js';
import { IdempotentSendInterceptor } from '../../modules/messages/idempotent-send.interceptor.js';
import type { SentMessage } from '../../modules/messages/send-message.js';
import { ConversationId } from '../../modules/participants/conversation-id.pipe.js';
import {
  ConversationFrozen,
  ConversationNotFound,
  TooManyParticipants,
} from '../../modules/participants/participants.errors.js';
import { UserNotFound } from '../../modules/users/users.errors.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { OwnIdempotency, IdempotentWhenCreated } from '../../platform/http/idempotency.interceptor.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { CountsAsSend } from '../../platform/metrics/refused-sends.js';
import { Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { MessagingConversations } from './messaging-conversations.js';
import { MessagingMessages } from './messaging-messages.js';
import {
  CreateMessagingConversationDto,
  ListMessagingMessagesQuery,
  MessagingConversationDto,
  MessagingMessageDto,
  MessagingMessagePageDto,
  SendMessagingMessageDto,
} from './messaging.dto.js';
import { MESSAGING_LIMITS } from './messaging.limits.js';
import { CONVERSATION_CREATE_LIMIT } from '../../modules/conversations/conversations.limits.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';

const SEND_ERRORS = [
  ConversationNotFound,
  FileNotFound,
  FileNotAttachable,
  ContentTooLong,
  InvalidMessageType,
  ConversationFrozen,
  SlowMode,
  ContentRejected,
  HeldForReview,
] as const;

@ApiTags('dialect: messaging')
@ApiBearerAuth()
@RateLimitProfile(MESSAGING_LIMITS)
@Controller('api/messaging/conversations')
export class MessagingConversationsController {
  constructor(
    private readonly conversations: MessagingConversations,
    private readonly messages: MessagingMessages,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The conversations of the caller, latest activity first.' })
  @ApiOkResponse({ type: [MessagingConversationDto], description: 'Latest activity first, at most 500' })
  list(@CurrentActor() actor: Actor): Promise<MessagingConversationDto[]> {
    return this.conversations.list(actor);
  }

  @Post()
  @ApiOperation({ summary: 'Creates a conversation; returns an existing direct conversation.' })
  @Limit(CONVERSATION_CREATE_LIMIT)
  @IdempotentWhenCreated()
  @ApiCreatedResponse({ type: MessagingConversationDto })
  @ApiOkResponse({ type: MessagingConversationDto, description: 'The existing direct conversation' })
  @Throws(UserNotFound, TooManyParticipants)
  create(
    @CurrentActor() actor: Actor,
    @Body() dto: CreateMessagingConversationDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<MessagingConversationDto> {
    return this.conversations.create(actor, dto, (isNew) => response.status(isNew ? 201 : 200));
  }

  @Get(':conversation_id/messages')
  @ApiOperation({ summary: 'One page of the messages of a conversation.' })
  @ApiOkResponse({ type: MessagingMessagePageDto })
  @Throws(ConversationNotFound)
  listMessages(
    @CurrentActor() actor: Actor,
    @ConversationId('conversation_id') id: string,
    @Query() query: ListMessagingMessagesQuery,
    @PublicUrl() publicUrl: string,
  ): Promise<MessagingMessagePageDto> {
    return this.messages.list(actor, id, query, publicUrl);
  }

  @Post(':conversation_id/messages')
  @ApiOperation({ summary: 'Sends a message.' })
  @Limit(MESSAGE_SEND_LIMIT)
  @CountsAsSend()
  @OwnIdempotency()
  @UseInterceptors(IdempotentSendInterceptor)
  @ApiCreatedResponse({ type: MessagingMessageDto })
  @Throws(...SEND_ERRORS)
  send(
    @CurrentActor() actor: Actor,
    @ConversationId('conversation_id') id: string,
    @Body() dto: SendMessagingMessageDto,
    @PublicUrl() publicUrl: string,
  ): Promise<SentMessage<MessagingMessageDto>> {
    return this.messages.send(actor, id, dto, publicUrl);
  }
}
