import { Body, Controller, Post, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { uploadForm } from '../../modules/files/files-openapi.js';
import {
  FileQuotaExceeded,
  FileTooLarge,
  InvalidFileType,
  MalwareDetected,
  TooManyUploads,
} from '../../modules/files/files.errors.js';
import type { ReceivedFile } from '../../modules/files/receive-upload.js';
import { UploadedFile, UploadInterceptor } from '../../modules/files/upload.interceptor.js';
import { ConversationId } from '../../modules/participants/conversation-id.pipe.js';
import { ConversationNotFound } from '../../modules/participants/participants.errors.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { OwnIdempotency } from '../../platform/http/idempotency.interceptor.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { MessagingFiles } from './messaging-files.js';
import { MessagingAttachmentDto, MessagingUploadDto } from './messaging.dto.js';
import { MESSAGING_LIMITS } from './messaging.limits.js';
import { UPLOAD_LIMIT } from '../../modules/files/files.limits.js';

@ApiTags('dialect: messaging')
@ApiBearerAuth()
@RateLimitProfile(MESSAGING_LIMITS)
@Controller('api/messaging/conversations/:conversation_id/attachments')
export class MessagingFilesController {
  constructor(private readonly files: MessagingFiles) {}

  @Post()
  @ApiOperation({ summary: 'Uploads a file for a conversation.' })
  @Limit(UPLOAD_LIMIT)
  @OwnIdempotency()
  @UseInterceptors(UploadInterceptor)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: uploadForm('description') })
  @ApiCreatedResponse({ type: MessagingAttachmentDto })
  @Throws(ConversationNotFound, InvalidFileType, FileTooLarge, MalwareDetected, FileQuotaExceeded, TooManyUploads)
  upload(
    @CurrentActor() actor: Actor,
    @ConversationId('conversation_id') id: string,
    @UploadedFile() received: ReceivedFile | undefined,
    @Body() dto: MessagingUploadDto,
    @PublicUrl() publicUrl: string,
  ): Promise<MessagingAttachmentDto> {
    return this.files.upload(actor, received, { conversation_id: id, ...dto }, publicUrl);
  }
}
