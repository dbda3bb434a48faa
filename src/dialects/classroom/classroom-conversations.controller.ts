import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Put, Query, UseInterceptors } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { CreateConversation } from '../../modules/conversations/create-conversation.js';
import { uploadForm } from '../../modules/files/files-openapi.js';
import {
  FileQuotaExceeded,
  FileTooLarge,
  InvalidFileType,
  MalwareDetected,
  TooManyUploads,
} from '../../modules/files/files.errors.js';
import { FilesService } from '../../modules/files/files.service.js';
import type { ReceivedFile } from '../../modules/files/receive-upload.js';
import { UploadedFile, UploadInterceptor } from '../../modules/files/upload.interceptor.js';
import { ConversationId } from '../../modules/participants/conversation-id.pipe.js';
import { ConversationNotFound, DirectConversationFixed } from '../../modules/participants/participants.errors.js';
import { UserNotFound } from '../../modules/users/users.errors.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { OwnIdempotency } from '../../platform/http/idempotency.interceptor.js';
import { Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { ClassroomConversations } from './classroom-conversations.js';
import {
  ClassroomConversationDto,
  ClassroomConversationListDto,
  ClassroomCreateConversationDto,
  ClassroomConfirmationDto,
  ClassroomPageQuery,
  ClassroomUpdateConversationDto,
} from './classroom.dto.js';
import { ClassroomFileDto } from './classroom-messages.dto.js';
import { CLASSROOM_LIMITS } from './classroom.limits.js';
import { CONVERSATION_CREATE_LIMIT } from '../../modules/conversations/conversations.limits.js';
import { UPLOAD_LIMIT } from '../../modules/files/files.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';
import {
  presentConversation,
  presentConversations,
  presentFile,
  offsetRangeOf,
  toCreateConversation,
} from './classroom.presenter.js';

@ApiTags('dialect: classroom')
@ApiBearerAuth()
@Limit(CALL_LIMIT)
@RateLimitProfile(CLASSROOM_LIMITS)
@Throws(ConversationNotFound)
@Controller('api/conversations')
export class ClassroomConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly creation: CreateConversation,
    private readonly changes: ClassroomConversations,
    private readonly files: FilesService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Creates a conversation.' })
  @Limit(CONVERSATION_CREATE_LIMIT)
  @ApiCreatedResponse({ type: ClassroomConversationDto })
  @Throws(UserNotFound)
  async create(
    @CurrentActor() actor: Actor,
    @Body() dto: ClassroomCreateConversationDto,
  ): Promise<ClassroomConversationDto> {
    const { id } = await this.creation.create(actor, toCreateConversation(dto));
    return presentConversation(await this.conversations.getUnchecked(actor, id));
  }

  @Get()
  @ApiOperation({ summary: 'The conversations of the caller.' })
  @ApiOkResponse({ type: ClassroomConversationListDto })
  async list(@CurrentActor() actor: Actor, @Query() query: ClassroomPageQuery): Promise<ClassroomConversationListDto> {
    return presentConversations(query, await this.conversations.pageByOffset(actor, offsetRangeOf(query)));
  }

  @Get(':id')
  @ApiOperation({ summary: 'One conversation.' })
  @ApiOkResponse({ type: ClassroomConversationDto })
  async get(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<ClassroomConversationDto> {
    return presentConversation(await this.conversations.get(actor, id));
  }

  @Put(':id')
  @ApiOperation({ summary: 'Changes a conversation.' })
  @ApiOkResponse({ type: ClassroomConversationDto })
  @Throws(DirectConversationFixed)
  async update(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: ClassroomUpdateConversationDto,
  ): Promise<ClassroomConversationDto> {
    return presentConversation(await this.changes.update(actor, id, dto));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes a conversation.' })
  @ApiOkResponse({ type: ClassroomConversationDto })
  @Throws(DirectConversationFixed)
  patch(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @Body() dto: ClassroomUpdateConversationDto,
  ): Promise<ClassroomConversationDto> {
    return this.update(actor, id, dto);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Deletes a conversation.' })
  @HttpCode(200)
  @ApiOkResponse({ type: ClassroomConfirmationDto })
  async delete(@CurrentActor() actor: Actor, @ConversationId() id: string): Promise<ClassroomConfirmationDto> {
    await this.conversations.delete(actor, id);
    return { message: 'Conversation deleted' };
  }

  @Post(':id/upload')
  @ApiOperation({ summary: 'Uploads a file for a conversation.' })
  @Limit(UPLOAD_LIMIT)
  @OwnIdempotency()
  @UseInterceptors(UploadInterceptor)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: uploadForm() })
  @ApiCreatedResponse({ type: ClassroomFileDto })
  @Throws(InvalidFileType, FileTooLarge, MalwareDetected, FileQuotaExceeded, TooManyUploads)
  async upload(
    @CurrentActor() actor: Actor,
    @ConversationId() id: string,
    @UploadedFile() received: ReceivedFile | undefined,
  ): Promise<ClassroomFileDto> {
    return presentFile(id, await this.files.upload(actor, received, { conversation_id: id }));
  }
}
