import { Body, Controller, Get, Post, Query, Res, UseInterceptors } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiExcludeController,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { FileNotAttachable, FileNotFound } from '../../modules/files/files.errors.js';
import {
  ContentRejected,
  ContentTooLong,
  HeldForReview,
  InvalidMessageType,
  MessageNotFound,
  SlowMode,
} from '../../modules/messages/messages.errors.js';
import { IdempotentSendInterceptor } from '../../modules/messages/idempotent-send.interceptor.js';
import type { SentMessage } from '../../modules/messages/send-message.js';
import {
  ConversationFrozen,
  ConversationNotFound,
  TooManyParticipants,
} from '../../modules/participants/participants.errors.js';
import { UserNotFound } from '../../modules/users/users.errors.js';
import { TooManyWebhooks, TooManyWebhooksForHost } from '../../modules/webhooks/webhooks.errors.js';
import { WebhooksService } from '../../modules/webhooks/webhooks.service.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { NotIdempotent, OwnIdempotency } from '../../platform/http/idempotency.interceptor.js';
import { CountsAsSend } from '../../platform/metrics/refused-sends.js';
import { Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { DirectGroups } from './direct-groups.js';
import { DirectMessages } from './direct-messages.js';
import {
  DirectCreateGroupDto,
  DirectCreateWebhookDto,
  DirectGroupDto,
  DirectListQuery,
  DirectMessagePageDto,
  DirectSendDto,
  DirectSentDto,
  DirectWebhookDto,
} from './direct.dto.js';
import { DIRECT_LIMITS } from './direct.limits.js';
import { pageHeaders, presentPage, presentWebhook } from './direct.presenter.js';
import { CONVERSATION_CREATE_LIMIT } from '../../modules/conversations/conversations.limits.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';

@ApiTags('dialect: direct')
@ApiBearerAuth()
@RateLimitProfile(DIRECT_LIMITS)
@Controller('api')
export class DirectMessagesController {
  constructor(
    private readonly messages: DirectMessages,
    private readonly groups: DirectGroups,
    private readonly webhooks: WebhooksService,
  ) {}

  @Post('messages')
  @ApiOperation({ summary: 'Sends a message to a user or a group.' })
  @Limit(MESSAGE_SEND_LIMIT)
  @CountsAsSend()
  @OwnIdempotency()
  @UseInterceptors(IdempotentSendInterceptor)
  @ApiCreatedResponse({ type: DirectSentDto })
  @Throws(
    ...[UserNotFound, ConversationNotFound, MessageNotFound, FileNotFound, FileNotAttachable, ContentTooLong],
    ...[InvalidMessageType, ConversationFrozen, SlowMode, ContentRejected, HeldForReview],
  )
  send(@CurrentActor() actor: Actor, @Body() dto: DirectSendDto): Promise<SentMessage<DirectSentDto>> {
    return this.messages.send(actor, dto);
  }

  @Get('messages')
  @ApiOperation({ summary: 'One page of messages of one conversation, or of all.' })
  @ApiOkResponse({ type: DirectMessagePageDto })
  @Throws(ConversationNotFound, MessageNotFound)
  async list(
    @CurrentActor() actor: Actor,
    @Query() query: DirectListQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DirectMessagePageDto> {
    const page = await this.messages.list(actor, query);
    response.set(pageHeaders(page));
    return presentPage(page, query);
  }

  @Post('groups')
  @ApiOperation({ summary: 'Creates a group.' })
  @Limit(CONVERSATION_CREATE_LIMIT)
  @ApiCreatedResponse({ type: DirectGroupDto })
  @Throws(UserNotFound, TooManyParticipants)
  createGroup(@CurrentActor() actor: Actor, @Body() dto: DirectCreateGroupDto): Promise<DirectGroupDto> {
    return this.groups.create(actor, dto);
  }

  /** The response contains a secret, so it is never stored for idempotency. */
  @Post('webhooks')
  @ApiOperation({ summary: 'Creates a webhook; only this response contains the secret.' })
  @NotIdempotent()
  @ApiCreatedResponse({ type: DirectWebhookDto })
  @Throws(TooManyWebhooks, TooManyWebhooksForHost)
  async createWebhook(@CurrentActor() actor: Actor, @Body() dto: DirectCreateWebhookDto): Promise<DirectWebhookDto> {
    return presentWebhook(await this.webhooks.create(actor, dto));
  }
}

/** The same on the versioned paths. */
@ApiExcludeController()
@Controller(['v1', 'v1/api'])
export class VersionedMessagesController extends DirectMessagesController {}
