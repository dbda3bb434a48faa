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
import { ApiBearerAuth, ApiConsumes, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FileNotAttachable, FileNotFound } from '../../modules/files/files.errors.js';
import { MessageQueriesService } from '../../modules/messages/message-queries.service.js';
import { MessageIdParam } from '../../modules/messages/messages.dto.js';
import {
  ContentRejected,
  ContentTooLong,
  HeldForReview,
  InvalidMessageType,
  MessageNotEditable,
  MessageNotFound,
  SlowMode,
} from '../../modules/messages/messages.errors.js';
import { MessagesService } from '../../modules/messages/messages.service.js';
import { IdempotentSendInterceptor } from '../../modules/messages/idempotent-send.interceptor.js';
import type { SentMessage } from '../../modules/messages/send-message.js';
import { ConversationId } from '../../modules/participants/conversation-id.pipe.js';
import { ConversationFrozen, ConversationNotFound } from '../../modules/participants/participants.errors.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { OwnIdempotency } from '../../platform/http/idempotency.interceptor.js';
import { CountsAsSend } from '../../platform/metrics/refused-sends.js';
import { Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { ClassroomConversations } from './classroom-conversations.js';
import { ClassroomConfirmationDto, ClassroomPageQuery, FORM_OR_JSON } from './classroom.dto.js';
import {
  ClassroomEditDto,
  ClassroomMessageDto,
  ClassroomMessageListDto,
  ClassroomSendDto,
} from './classroom-messages.dto.js';
import { CLASSROOM_LIMITS } from './classroom.limits.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';
import { presentMessage, presentMessages, offsetRangeOf, toSendMessage } from './classroom.presenter.js';

@ApiTags('dialect: classroom')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@RateLimitProfile(CLASSROOM_LIMITS)
@Controller('api')
export class ClassroomMessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly queries: MessageQueriesService,
    private readonly conversations: ClassroomConversations,
  ) {}

  @Post('conversations/:id/messages')
  @ApiOperation({ summary: 'Sends a message.' })
  @Limit(MESSAGE_SEND_LIMIT)
  @CountsAsSend()
  @OwnIdempotency()
  @UseInterceptors(IdempotentSendInterceptor)
  @ApiCreatedResponse({ type: ClassroomMessageDto })
  @Throws(
    ...[ConversationNotFound, MessageNotFound, FileNotFound, FileNotAttachable, ContentTooLong, InvalidMessageType],
    ...[ConversationFrozen, SlowMode, ContentRejected, HeldForReview],
  )
  async send(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: ClassroomSendDto,
  ): Promise<SentMessage<ClassroomMessageDto>> {
    const { message, isReplay } = await this.messages.send(actor, id, toSendMessage(dto));
    return { message: presentMessage(message), isReplay };
  }

  @Get('conversations/:id/messages')
  @ApiOperation({ summary: 'One page of the messages of a conversation.' })
  @ApiOkResponse({ type: ClassroomMessageListDto })
  @Throws(ConversationNotFound)
  async list(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Query() query: ClassroomPageQuery,
  ): Promise<ClassroomMessageListDto> {
    return presentMessages(query, await this.queries.pageByOffset(actor, id, offsetRangeOf(query)));
  }

  @Put('messages/:id')
  @Limit(MESSAGE_SEND_LIMIT)
  @ApiOperation({ summary: 'Edits the text of a message.' })
  @ApiConsumes(...FORM_OR_JSON)
  @ApiOkResponse({ type: ClassroomMessageDto })
  @Throws(MessageNotFound, MessageNotEditable, ContentTooLong, ContentRejected, ConversationFrozen, SlowMode)
  async edit(
    @CurrentActor() actor: Actor,
    @Param() { id }: MessageIdParam,
    @Body() dto: ClassroomEditDto,
  ): Promise<ClassroomMessageDto> {
    return presentMessage(await this.messages.edit(actor, id, dto));
  }

  @Patch('messages/:id')
  @Limit(MESSAGE_SEND_LIMIT)
  @ApiOperation({ summary: 'Edits the text of a message.' })
  @ApiConsumes(...FORM_OR_JSON)
  @ApiOkResponse({ type: ClassroomMessageDto })
  @Throws(MessageNotFound, MessageNotEditable, ContentTooLong, ContentRejected, ConversationFrozen, SlowMode)
  patch(
    @CurrentActor() actor: Actor,
    @Param() param: MessageIdParam,
    @Body() dto: ClassroomEditDto,
  ): Promise<ClassroomMessageDto> {
    return this.edit(actor, param, dto);
  }

  @Delete('messages/:id')
  @ApiOperation({ summary: 'Deletes a message.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ClassroomConfirmationDto })
  @Throws(MessageNotFound, MessageNotEditable)
  async delete(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<ClassroomConfirmationDto> {
    await this.messages.delete(actor, id);
    return { message: 'Message deleted' };
  }

  @Post('messages/:id/read')
  @ApiOperation({ summary: 'Marks everything up to a message as read.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ClassroomConfirmationDto })
  @Throws(MessageNotFound)
  async read(@CurrentActor() actor: Actor, @Param() { id }: MessageIdParam): Promise<ClassroomConfirmationDto> {
    await this.conversations.markRead(actor, id);
    return { message: 'Message marked as read' };
  }
}
