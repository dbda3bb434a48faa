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
import type { Actor } from '../../platform/http/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import type { Page } from '../../platform/pagination/page.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { ConversationIdPipe } from '../participants/conversation-id.pipe.js';
import {
  EditMessageDto,
  ListMessagesQuery,
  MessageDto,
  type MessageEditDto,
  type MessageHitDto,
  MessageIdParam,
  MessagePageDto,
  type MessageReceiptDto,
  PageQuery,
  ReactionParams,
  SearchMessagesQuery,
  SendMessageDto,
} from './messages.dto.js';
import { MessagesService } from './messages.service.js';
import { ReplayedSendInterceptor } from './replayed-send.interceptor.js';
import type { SentMessage } from './send-message.js';

@ApiTags('messages')
@ApiBearerAuth()
@Controller('api/v1')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Post('conversations/:id/messages')
  @Limit('message.send')
  @UseInterceptors(ReplayedSendInterceptor)
  @ApiCreatedResponse({ type: MessageDto })
  send(
    @CurrentActor() actor: Actor,
    @Param('id', ConversationIdPipe) id: string,
    @Body() dto: SendMessageDto,
  ): Promise<SentMessage> {
    return this.messages.send(actor, id, dto);
  }

  @Get('conversations/:id/messages')
  @ApiOkResponse({ type: MessagePageDto })
  list(
    @CurrentActor() actor: Actor,
    @Param('id', ConversationIdPipe) id: string,
    @Query() query: ListMessagesQuery,
  ): Promise<MessagePageDto> {
    return this.messages.list(actor, id, query);
  }

  @Get('conversations/:id/pins')
  pins(@CurrentActor() actor: Actor, @Param('id', ConversationIdPipe) id: string): Promise<{ data: MessageDto[] }> {
    return this.messages.pins(actor, id);
  }

  @Get('search/messages')
  search(@CurrentActor() actor: Actor, @Query() query: SearchMessagesQuery): Promise<Page<MessageHitDto>> {
    return this.messages.search(actor, query);
  }

  @Get('messages/:id')
  @ApiOkResponse({ type: MessageDto })
  get(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.get(actor, id);
  }

  @Patch('messages/:id')
  @ApiOkResponse({ type: MessageDto })
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
  delete(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.delete(actor, id);
  }

  @Get('messages/:id/history')
  history(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<{ data: MessageEditDto[] }> {
    return this.messages.history(actor, id);
  }

  @Get('messages/:id/replies')
  replies(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() query: PageQuery,
  ): Promise<Page<MessageDto>> {
    return this.messages.replies(actor, id, query);
  }

  @Get('messages/:id/receipts')
  receipts(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Query() query: PageQuery,
  ): Promise<Page<MessageReceiptDto>> {
    return this.messages.receipts(actor, id, query);
  }

  @Put('messages/:id/reactions/:emoji')
  @ApiOkResponse({ type: MessageDto })
  react(@CurrentActor() actor: Actor, @Param() { id, emoji }: ReactionParams): Promise<MessageDto> {
    return this.messages.react(actor, id, emoji);
  }

  @Delete('messages/:id/reactions/:emoji')
  @ApiOkResponse({ type: MessageDto })
  unreact(@CurrentActor() actor: Actor, @Param() { id, emoji }: ReactionParams): Promise<MessageDto> {
    return this.messages.unreact(actor, id, emoji);
  }

  @Put('messages/:id/pin')
  @ApiOkResponse({ type: MessageDto })
  pin(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.pin(actor, id);
  }

  @Delete('messages/:id/pin')
  @ApiOkResponse({ type: MessageDto })
  unpin(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<MessageDto> {
    return this.messages.unpin(actor, id);
  }
}
