import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res, UseInterceptors } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { AuthenticationRequired, RateLimitExceeded } from '../../platform/errors/app-error.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { NotIdempotent, OwnIdempotency } from '../../platform/http/idempotency.interceptor.js';
import { Public } from '../../platform/http/public.decorator.js';
import type { ParleyRequest } from '../../platform/http/parley-request.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { ConversationNotFound, FeatureDisabled } from '../participants/participants.errors.js';
import { BINARY, CONTENT_HEADERS, uploadForm } from './files-openapi.js';
import {
  DownloadQuery,
  SignedFileUrlListDto,
  FileDto,
  FileIdParam,
  SignFileUrlsDto,
  ThumbnailQuery,
  UploadFileDto,
} from './files.dto.js';
import {
  FileAttached,
  FileNotFound,
  FileNotReady,
  FileQuotaExceeded,
  FileTooLarge,
  InvalidFileType,
  MalwareDetected,
  RangeNotSatisfiable,
  TooManyUploads,
} from './files.errors.js';
import { FilesService } from './files.service.js';
import { OpenDownload } from './open-download.js';
import { sendDownload } from './send-download.js';
import type { ReceivedFile } from './receive-upload.js';
import { SignedUrls } from './signed-urls.js';
import { variantOf } from './url-signer.js';
import { UPLOAD_LIMIT } from './files.limits.js';
import { UploadedFile, UploadInterceptor } from './upload.interceptor.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';

@ApiTags('files')
@ApiBearerAuth()
@Controller('api/v1/files')
export class FilesController {
  constructor(
    private readonly files: FilesService,
    private readonly downloads: OpenDownload,
    private readonly signedUrls: SignedUrls,
  ) {}

  @Post()
  @RequiresScope('files:write')
  @ApiOperation({ summary: 'Uploads a file; it can be downloaded once its checks have ended.' })
  @Limit(UPLOAD_LIMIT)
  @OwnIdempotency()
  @UseInterceptors(UploadInterceptor)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: uploadForm('conversation_id', 'description') })
  @ApiCreatedResponse({ type: FileDto })
  @Throws(
    ConversationNotFound,
    FeatureDisabled,
    InvalidFileType,
    FileTooLarge,
    MalwareDetected,
    FileQuotaExceeded,
    TooManyUploads,
  )
  upload(
    @CurrentActor() actor: Actor,
    @UploadedFile() received: ReceivedFile | undefined,
    @Body() dto: UploadFileDto,
  ): Promise<FileDto> {
    return this.files.upload(actor, received, dto);
  }

  @Post('addresses')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'Creates signed URLs of files, valid for five minutes.' })
  @HttpCode(200)
  @NotIdempotent()
  @ApiOkResponse({ type: SignedFileUrlListDto })
  sign(@CurrentActor() actor: Actor, @Body() dto: SignFileUrlsDto): Promise<SignedFileUrlListDto> {
    return this.signedUrls.sign(actor, dto);
  }

  @Get(':id')
  @RequiresScope('messages:read')
  @ApiOperation({ summary: 'The metadata of a file.' })
  @ApiOkResponse({ type: FileDto })
  @Throws(FileNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: FileIdParam): Promise<FileDto> {
    return this.files.get(actor, id);
  }

  /** Public, because a signed URL replaces the credential. Without either the response is 401. */
  @Get(':id/content')
  @ApiOperation({ summary: 'The content of a file, as a whole or one range.' })
  @Public()
  @SkipThrottle()
  @ApiOkResponse({ content: BINARY, headers: CONTENT_HEADERS })
  @Throws(AuthenticationRequired, RateLimitExceeded, FileNotFound, FileNotReady, RangeNotSatisfiable)
  async content(
    @CurrentActor() actor: Actor | undefined,
    @Param() { id }: FileIdParam,
    @Query() query: DownloadQuery,
    @Req() { headers, ip }: ParleyRequest,
    @Res() response: Response,
  ): Promise<void> {
    await sendDownload(response, await this.downloads.open(actor, { ...query, id, variant: 'content', headers, ip }));
  }

  @Get(':id/thumbnail')
  @ApiOperation({ summary: 'The thumbnail of an image.' })
  @Public()
  @SkipThrottle()
  @ApiOkResponse({ content: BINARY, description: 'WebP, at most 400 (small), 1000 (medium) or 2000 (large) pixels' })
  @Throws(AuthenticationRequired, RateLimitExceeded, FileNotFound, FileNotReady)
  async thumbnail(
    @CurrentActor() actor: Actor | undefined,
    @Param() { id }: FileIdParam,
    @Query() query: ThumbnailQuery,
    @Req() { headers, ip }: ParleyRequest,
    @Res() response: Response,
  ): Promise<void> {
    const variant = variantOf(query.size);
    await sendDownload(response, await this.downloads.open(actor, { ...query, id, variant, headers, ip }));
  }

  @Delete(':id')
  @RequiresScope('files:write')
  @ApiOperation({ summary: 'Deletes a file that no message contains.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(FileNotFound, FileAttached)
  delete(@CurrentActor() actor: Actor, @Param() { id }: FileIdParam): Promise<void> {
    return this.files.delete(actor, id);
  }
}
