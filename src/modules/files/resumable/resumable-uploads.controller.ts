import { Controller, Delete, Get, HttpCode, Options, Param, Patch, Post, Res, UseInterceptors } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiExcludeEndpoint,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Throws } from '../../../platform/errors/throws.decorator.js';
import { CurrentActor } from '../../../platform/http/current-actor.decorator.js';
import { NotIdempotent } from '../../../platform/http/idempotency.interceptor.js';
import { Public } from '../../../platform/http/public.decorator.js';
import { RequiresScope } from '../../../platform/http/scope.decorator.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { Limit } from '../../../platform/throttling/limit.decorator.js';
import { ConversationNotFound, FeatureDisabled } from '../../participants/participants.errors.js';
import { FileQuotaExceeded, FileTooLarge, InvalidFileType, MalwareDetected, TooManyUploads } from '../files.errors.js';
import { UPLOAD_LIMIT } from '../files.limits.js';
import { FilesPolicy } from '../files.policy.js';
import { type NewUploadDto, UploadDto, UploadIdParam } from './resumable-uploads.dto.js';
import {
  TooManyPieces,
  UnsupportedTusVersion,
  UploadNotFound,
  UploadOffsetMismatch,
  UploadTakenOver,
} from './resumable-uploads.errors.js';
import { ResumableUploads } from './resumable-uploads.service.js';
import { BODY, HEADERS, sendCapabilities } from './tus-openapi.js';
import { TusInterceptor } from './tus.interceptor.js';
import { AnnouncedUpload, ReceivedBody, type UploadBody, UploadOffset } from './upload-body.js';

/** Uploads that continue after a lost connection: tus 1.0 with creation, creation-with-upload, expiration, termination. */
@ApiTags('files')
@ApiBearerAuth()
@Controller('api/v1/uploads')
@UseInterceptors(TusInterceptor)
export class ResumableUploadsController {
  constructor(
    private readonly uploads: ResumableUploads,
    private readonly policy: FilesPolicy,
  ) {}

  @Options()
  @Public()
  @ApiExcludeEndpoint()
  describe(@Res() response: Response): void {
    sendCapabilities(response, this.policy.maxBytes);
  }

  @Post()
  @RequiresScope('files:write')
  @ApiOperation({ summary: 'Begins an upload that can be continued (tus 1.0); reserves its size in the quota.' })
  @Limit(UPLOAD_LIMIT)
  @NotIdempotent()
  @ApiHeader(HEADERS.version)
  @ApiHeader(HEADERS.length)
  @ApiHeader(HEADERS.metadata)
  @ApiConsumes(BODY.type)
  @ApiBody(BODY.ofCreation)
  @ApiCreatedResponse({ type: UploadDto, description: '`Location` is its path, `Upload-Expires` when it ends.' })
  @Throws(
    UnsupportedTusVersion,
    ConversationNotFound,
    FeatureDisabled,
    InvalidFileType,
    FileTooLarge,
    MalwareDetected,
    FileQuotaExceeded,
    TooManyUploads,
    UploadTakenOver,
  )
  create(
    @CurrentActor() actor: Actor,
    @AnnouncedUpload() dto: NewUploadDto,
    @ReceivedBody() body: UploadBody | undefined,
  ): Promise<UploadDto> {
    return this.uploads.create(actor, dto, body);
  }

  @Get(':id')
  @RequiresScope('files:write')
  @ApiOperation({ summary: 'An own upload: its offset, and its file when it is complete. HEAD has the headers only.' })
  @ApiOkResponse({ type: UploadDto, description: 'With `Upload-Offset`, `Upload-Length`, and `X-File-Id`.' })
  @Throws(UploadNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: UploadIdParam): Promise<UploadDto> {
    return this.uploads.get(actor, id);
  }

  @Patch(':id')
  @RequiresScope('files:write')
  @ApiOperation({
    summary: 'Continues an own upload; the last bytes make it a file, which is checked like any upload.',
  })
  @HttpCode(204)
  @ApiHeader(HEADERS.version)
  @ApiHeader(HEADERS.offset)
  @ApiConsumes(BODY.type)
  @ApiBody(BODY.ofContinuation)
  @ApiNoContentResponse({
    description: '`Upload-Offset` is the new offset, `X-File-Id` the file after the last bytes.',
  })
  @Throws(
    UnsupportedTusVersion,
    UploadNotFound,
    UploadOffsetMismatch,
    UploadTakenOver,
    TooManyPieces,
    ConversationNotFound,
    FeatureDisabled,
    InvalidFileType,
    FileTooLarge,
    MalwareDetected,
    FileQuotaExceeded,
    TooManyUploads,
  )
  append(
    @CurrentActor() actor: Actor,
    @Param() { id }: UploadIdParam,
    @UploadOffset() offset: number,
    @ReceivedBody() body: UploadBody,
  ): Promise<UploadDto> {
    return this.uploads.append(actor, id, offset, body);
  }

  @Delete(':id')
  @RequiresScope('files:write')
  @ApiOperation({ summary: 'Ends an own upload and frees what it reserved; a file that was made of it stays.' })
  @HttpCode(204)
  @ApiHeader(HEADERS.version)
  @ApiNoContentResponse()
  @Throws(UnsupportedTusVersion, UploadNotFound)
  end(@CurrentActor() actor: Actor, @Param() { id }: UploadIdParam): Promise<void> {
    return this.uploads.end(actor, id);
  }
}
