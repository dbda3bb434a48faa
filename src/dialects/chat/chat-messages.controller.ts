import { Body, Controller, Delete, Get, Param, Post, Put, Query, UseInterceptors } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { uploadForm } from '../../modules/files/files-openapi.js';
import { UploadFileDto } from '../../modules/files/files.dto.js';
import {
  FileNotAttachable,
  FileNotFound,
  FileQuotaExceeded,
  FileTooLarge,
  InvalidFileType,
  MalwareDetected,
  TooManyUploads,
} from '../../modules/files/files.errors.js';
import { FilesService } from '../../modules/files/files.service.js';
import type { ReceivedFile } from '../../modules/files/receive-upload.js';
import { UploadedFile, UploadInterceptor } from '../../modules/files/upload.interceptor.js';
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
import { ConversationFrozen, ConversationNotFound } from '../../modules/participants/participants.errors.js';
import { UserNotFound } from '../../modules/users/users.errors.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { OwnIdempotency } from '../../platform/http/idempotency.interceptor.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { CountsAsSend } from '../../platform/metrics/refused-sends.js';
import { AlsoCountsAsCall, Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { ChatMessages } from './chat-messages.js';
import {
  ChatConfirmationDto,
  ChatFileDto,
  ChatMessageDto,
  ChatMessagePageDto,
  ChatMessageParam,
  EditChatMessageDto,
  ListChatMessagesQuery,
  SendChatMessageDto,
} from './chat.dto.js';
import { CHAT_LIMITS } from './chat.limits.js';
import { presentFile } from './chat.presenter.js';
import { UPLOAD_LIMIT } from '../../modules/files/files.limits.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';

const TARGET_ERRORS = [ConversationNotFound, UserNotFound] as const;
const CONTENT_ERRORS = [ContentTooLong, ContentRejected, ConversationFrozen] as const;

@ApiTags('dialect: chat')
@ApiBearerAuth()
@AlsoCountsAsCall()
@RateLimitProfile(CHAT_LIMITS)
@Controller()
export class ChatMessagesController {
  constructor(
    private readonly chat: ChatMessages,
    private readonly messages: MessagesService,
    private readonly files: FilesService,
  ) {}

  @Get('messages')
  @ApiOperation({ summary: 'One page of the messages of a conversation, or of all.' })
  @ApiOkResponse({ type: ChatMessagePageDto })
  @Throws(...TARGET_ERRORS)
  list(
    @CurrentActor() actor: Actor,
    @Query() query: ListChatMessagesQuery,
    @PublicUrl() publicUrl: string,
  ): Promise<ChatMessagePageDto> {
    return this.chat.list(actor, query, publicUrl);
  }

  @Post('messages')
  @ApiOperation({ summary: 'Sends a message.' })
  @Limit(MESSAGE_SEND_LIMIT)
  @CountsAsSend()
  @OwnIdempotency()
  @UseInterceptors(IdempotentSendInterceptor)
  @ApiCreatedResponse({ type: ChatMessageDto })
  @Throws(...TARGET_ERRORS, ...CONTENT_ERRORS, InvalidMessageType, SlowMode, HeldForReview)
  @Throws(FileNotFound, FileNotAttachable)
  send(
    @CurrentActor() actor: Actor,
    @Body() dto: SendChatMessageDto,
    @PublicUrl() publicUrl: string,
  ): Promise<SentMessage<ChatMessageDto>> {
    return this.chat.send(actor, dto, publicUrl);
  }

  @Put('messages/:message_id')
  @Limit(MESSAGE_SEND_LIMIT)
  @ApiOperation({ summary: 'Edits the text of a message.' })
  @ApiOkResponse({ type: ChatMessageDto })
  @Throws(MessageNotFound, MessageNotEditable, ...CONTENT_ERRORS, SlowMode)
  edit(
    @CurrentActor() actor: Actor,
    @Param() { message_id: id }: ChatMessageParam,
    @Body() { content }: EditChatMessageDto,
    @PublicUrl() publicUrl: string,
  ): Promise<ChatMessageDto> {
    return this.chat.edit(actor, id, content, publicUrl);
  }

  @Delete('messages/:message_id')
  @ApiOperation({ summary: 'Deletes a message.' })
  @ApiOkResponse({ type: ChatConfirmationDto })
  @Throws(MessageNotFound, MessageNotEditable)
  async delete(
    @CurrentActor() actor: Actor,
    @Param() { message_id: id }: ChatMessageParam,
  ): Promise<ChatConfirmationDto> {
    await this.messages.delete(actor, id);
    return { message: 'Message deleted' };
  }

  @Post('files/upload')
  @ApiOperation({ summary: 'Uploads a file.' })
  @Limit(UPLOAD_LIMIT)
  @OwnIdempotency()
  @UseInterceptors(UploadInterceptor)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: uploadForm('conversation_id', 'description') })
  @ApiCreatedResponse({ type: ChatFileDto })
  @Throws(ConversationNotFound, InvalidFileType, FileTooLarge, MalwareDetected, FileQuotaExceeded, TooManyUploads)
  async upload(
    @CurrentActor() actor: Actor,
    @UploadedFile() received: ReceivedFile | undefined,
    @Body() dto: UploadFileDto,
    @PublicUrl() publicUrl: string,
  ): Promise<ChatFileDto> {
    return presentFile(await this.files.upload(actor, received, dto), publicUrl);
  }
}
