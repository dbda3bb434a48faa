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
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/http/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { NotReplayed } from '../../platform/http/idempotency.interceptor.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { Weighs } from '../../platform/throttling/shedding.guard.js';
import { ConversationIdPipe } from '../participants/conversation-id.pipe.js';
import { FileNotAttachable, FileNotFound } from '../files/files.errors.js';
import { ConversationFrozen, ConversationNotFound } from '../participants/participants.errors.js';
import {
  EditMessageDto,
  ListMessagesQuery,
  MessageDto,
  MessageHistoryDto,
  MessageHitPageDto,
  MessageIdParam,
  MessageListDto,
  MessagePageDto,
  MessageReceiptPageDto,
  PageQuery,
  ReactionParams,
  SearchMessagesQuery,
  SendMessageDto,
  ThreadPageDto,
} from './messages.dto.js';
import {
  ContentRejected,
  ContentTooLong,
  HeldForReview,
  InvalidMessageType,
  MessageNotEditable,
  MessageNotFound,
  SlowMode,
  TooManyReactions,
} from './messages.errors.js';
import { MessagesService } from './messages.service.js';
import { ReplayedSendInterceptor } from './replayed-send.interceptor.js';
import type { SentMessage } from './send-message.js';

const REFUSALS_OF_SENDS = [
  ConversationNotFound,
  MessageNotFound,
  FileNotFound,
  FileNotAttachable,
  ContentTooLong,
  InvalidMessageType,
  ConversationFrozen,
  SlowMode,
  ContentRejected,
  HeldForReview,
] as const;

@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Post('conversations/:id/messages')
  @Limit('message.send')
  @NotReplayed()
  @UseInterceptors(ReplayedSendInterceptor)
  @ApiCreatedResponse({ type: MessageDto })
  @Throws(...REFUSALS_OF_SENDS)
  send(
    @CurrentActor() actor: Actor,
    @Param('id', ConversationIdPipe) id: string,
    @Body() dto: SendMessageDto,
  ): Promise<SentMessage> {
    return this.messages.send(actor, id, dto);
  }

  @Get('conversations/:id/messages')
  @ApiOkResponse({ type: MessagePageDto })
  @Throws(ConversationNotFound, MessageNotFound)
  list(
    @CurrentActor() actor: Actor,
    @Param('id', ConversationIdPipe) id: string,
    @Query() query: ListMessagesQuery,
  ): Promise<MessagePageDto> {
    return this.messages.list(actor, id, query);
  }

  @Get('conversations/:id/pins')
  @ApiOkResponse({ type: MessageListDto })
  @Throws(ConversationNotFound)
  pins(@CurrentActor() actor: Actor, @Param('id', ConversationIdPipe) id: string): Promise<MessageListDto> {
    return this.messages.pins(actor, id);
  }

  @Weighs('figures')
  @Get('search/messages')
  @ApiOkResponse({ type: MessageHitPageDto })
  @Throws(ConversationNotFound)
  search(@CurrentActor() actor: Actor, @Query() query: SearchMessagesQuery): Promise<MessageHitPageDto> {
    return this.messages.search(actor, query);
  }

  @Get('messages/:id')
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.get(actor, id);
  }

  @Patch('messages/:id')
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable, ContentTooLong, ContentRejected, ConversationFrozen)
  edit(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Body() dto: EditMessageDto,
  ): Promise<MessageDto> {
    return this.messages.edit(actor, id, dto);
  }

  @Delete('messages/:id')
  @HttpCode(200)
  @ApiOkResponse({ type: MessageDto, description: 'The tombstone' })
  @Throws(MessageNotFound, MessageNotEditable)
  delete(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.delete(actor, id);
  }

  @Get('messages/:id/history')
  @ApiOkResponse({ type: MessageHistoryDto })
  @Throws(MessageNotFound)
  history(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageHistoryDto> {
    return this.messages.history(actor, id);
  }

  @Get('messages/:id/replies')
  @ApiOkResponse({ type: ThreadPageDto })
  @Throws(MessageNotFound)
  replies(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() query: PageQuery,
  ): Promise<ThreadPageDto> {
    return this.messages.replies(actor, id, query);
  }

  @Get('messages/:id/receipts')
  @ApiOkResponse({ type: MessageReceiptPageDto })
  @Throws(MessageNotFound)
  receipts(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() query: PageQuery,
  ): Promise<MessageReceiptPageDto> {
    return this.messages.receipts(actor, id, query);
  }

  @Put('messages/:id/reactions/:emoji')
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable, TooManyReactions, ConversationFrozen)
  react(@CurrentActor() actor: Actor, @Param() { id, emoji }: ReactionParams): Promise<MessageDto> {
    return this.messages.react(actor, id, emoji);
  }

  @Delete('messages/:id/reactions/:emoji')
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable)
  unreact(@CurrentActor() actor: Actor, @Param() { id, emoji }: ReactionParams): Promise<MessageDto> {
    return this.messages.unreact(actor, id, emoji);
  }

  @Put('messages/:id/pin')
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable)
  pin(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.pin(actor, id);
  }

  @Delete('messages/:id/pin')
  @ApiOkResponse({ type: MessageDto })
  @Throws(MessageNotFound, MessageNotEditable)
  unpin(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.unpin(actor, id);
  }
}
