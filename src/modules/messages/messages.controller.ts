import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';
import { OwnIdempotency } from '../../platform/http/idempotency.interceptor.js';
import { CountsAsSend } from '../../platform/metrics/refused-sends.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { Priority } from '../../platform/throttling/priority.decorator.js';
import { LegalHold } from '../conversations/conversations.errors.js';
import { ConversationId } from '../participants/conversation-id.pipe.js';
import { UserNotFound } from '../users/users.errors.js';
import { FileNotAttachable, FileNotFound } from '../files/files.errors.js';
import { ConversationFrozen, ConversationNotFound, FeatureDisabled } from '../participants/participants.errors.js';
import { DeleteMessageQuery } from './history/history.dto.js';
import { EditMessageDto, MessageDto, MessageIdParam, SendMessageDto } from './messages.dto.js';
import { ListMessagesQuery, PageQuery, SearchMessagesQuery } from './message-queries.dto.js';
import {
  MessageHistoryDto,
  MessageHitPageDto,
  MessageListDto,
  MessagePageDto,
  MessageReceiptPageDto,
  ThreadPageDto,
} from './message-pages.dto.js';
import {
  CheckUnavailable,
  ContentRejected,
  ContentTooLong,
  HeldForReview,
  InvalidAudience,
  InvalidMessageType,
  MessageNotEditable,
  MessageNotFound,
  SlowMode,
  TooManyHiddenMessages,
  TooManySearches,
} from './messages.errors.js';
import { ListRepliesQuery } from './threads.dto.js';
import { MessageQueriesService } from './message-queries.service.js';
import { MessagesService } from './messages.service.js';
import { IdempotentSendInterceptor } from './idempotent-send.interceptor.js';
import { MessageStreaming, TooManyStreamingMessages } from './streaming/streaming-messages.errors.js';
import type { SentMessage } from './send-message.js';
import { MESSAGE_SEND_LIMIT } from './messages.limits.js';

const SEND_ERRORS = [
  ConversationNotFound,
  MessageNotFound,
  FileNotFound,
  FileNotAttachable,
  ContentTooLong,
  InvalidMessageType,
  InvalidAudience,
  UserNotFound,
  ConversationFrozen,
  FeatureDisabled,
  SlowMode,
  ContentRejected,
  CheckUnavailable,
  HeldForReview,
  TooManyStreamingMessages,
] as const;

@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly queries: MessageQueriesService,
  ) {}

  @Post('conversations/:id/messages')
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Sends a message. A repeated send with the same key is stored once.' })
  @Limit(MESSAGE_SEND_LIMIT)
  @CountsAsSend()
  @OwnIdempotency()
  @UseInterceptors(IdempotentSendInterceptor)
  @ApiCreatedResponse({ type: MessageDto })
  @Throws(...SEND_ERRORS)
  send(@CurrentActor() actor: Actor, @ConversationId() id: string, @Body() dto: SendMessageDto): Promise<SentMessage> {
    return this.messages.send(actor, id, dto);
  }

  @Get('conversations/:id/messages')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'A page of messages: the newest, or those before, after or around a message.' })
  @ApiOkResponse({ type: MessagePageDto })
  @Throws(ConversationNotFound, MessageNotFound)
  list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ListMessagesQuery,
  ): Promise<MessagePageDto> {
    return this.queries.list(actor, id, query);
  }

  @Get('conversations/:id/pins')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'The pinned messages, at most 100.' })
  @ApiOkResponse({ type: MessageListDto })
  @Throws(ConversationNotFound)
  pins(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<MessageListDto> {
    return this.queries.pins(actor, id);
  }

  @Priority('figures')
  @Get('search/messages')
  @RequiresScope('messages:read')
  @ApiOperation({
    summary: 'Full-text search in the caller’s conversations. A server key names the conversation, or acts as a user.',
    description:
      'A page may be shorter than `limit`, or empty, and still have `has_more: true`: the time of a search is bounded, ' +
      'and `next_cursor` continues where the search stopped.',
  })
  @ApiOkResponse({ type: MessageHitPageDto })
  @Throws(ConversationNotFound, TooManySearches)
  search(@CurrentActor() actor: Actor, @Query() query: SearchMessagesQuery): Promise<MessageHitPageDto> {
    return this.queries.search(actor, query);
  }

  @Get('messages/:id')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'One message.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.queries.get(actor, id);
  }

  @Patch('messages/:id')
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Changes the text of the caller’s own message; counts as a send.' })
  @Limit(MESSAGE_SEND_LIMIT)
  @ApiOkResponse({ type: MessageDto })
  @Throws(
    MessageNotFound,
    MessageNotEditable,
    MessageStreaming,
    ContentTooLong,
    ContentRejected,
    CheckUnavailable,
    ConversationFrozen,
    FeatureDisabled,
    SlowMode,
  )
  edit(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Body() dto: EditMessageDto,
  ): Promise<MessageDto> {
    return this.messages.edit(actor, id, dto);
  }

  @Delete('messages/:id')
  @RequiresScope('messages:write')
  @ApiOperation({
    summary: 'Deletes a message; a tombstone remains. With `for=me` the caller alone no longer sees it.',
  })
  @HttpCode(200)
  @ApiOkResponse({ type: MessageDto, description: 'The tombstone; with `for=me` the message' })
  @Throws(MessageNotFound, MessageNotEditable, LegalHold, TooManyHiddenMessages)
  delete(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() { for: audience }: DeleteMessageQuery,
  ): Promise<MessageDto> {
    return this.messages.delete(actor, id, audience);
  }

  @Get('messages/:id/history')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'The earlier versions of an edited message, oldest first: the first and the latest 99.' })
  @ApiOkResponse({ type: MessageHistoryDto })
  @Throws(MessageNotFound)
  history(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() query: PageQuery,
  ): Promise<MessageHistoryDto> {
    return this.queries.history(actor, id, query);
  }

  @Get('messages/:id/replies')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'The replies of the thread under a message, in both directions.' })
  @ApiOkResponse({ type: ThreadPageDto })
  @Throws(MessageNotFound)
  replies(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() query: ListRepliesQuery,
  ): Promise<ThreadPageDto> {
    return this.queries.replies(actor, id, query);
  }

  @Get('messages/:id/receipts')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'Which participants have received and read a message.' })
  @ApiOkResponse({ type: MessageReceiptPageDto })
  @Throws(MessageNotFound, FeatureDisabled)
  receipts(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() query: PageQuery,
  ): Promise<MessageReceiptPageDto> {
    return this.queries.receipts(actor, id, query);
  }

  @Put('messages/:id/pin')
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Pins a message.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable)
  pin(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.pin(actor, id);
  }

  @Delete('messages/:id/pin')
  @RequiresScope('messages:write')
  @ApiOperation({ summary: 'Unpins a message.' })
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable)
  unpin(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.unpin(actor, id);
  }
}
