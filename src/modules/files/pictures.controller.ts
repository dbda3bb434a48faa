import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { ParleyRequest } from '../../platform/http/parley-request.js';
import { Public } from '../../platform/http/public.decorator.js';
import { BINARY } from './files-openapi.js';
import { FileIdParam, PictureQuery } from './files.dto.js';
import { FileNotFound, FileNotReady } from './files.errors.js';
import { OpenDownload } from './open-download.js';
import { sendDownload } from './send-download.js';

/** Avatars and pictures of conversations from uploaded images. They are public, as those at other URLs are. */
@ApiTags('files')
@Controller('api/v1/pictures')
export class PicturesController {
  constructor(private readonly downloads: OpenDownload) {}

  @Get(':id')
  @Public()
  @ApiOperation({ summary: 'An uploaded image that is an avatar or the picture of a conversation.' })
  @ApiOkResponse({ content: BINARY, description: 'WebP, at most 400 (small), 1000 (medium) or 2000 (large) pixels' })
  @Throws(FileNotFound, FileNotReady)
  async get(
    @Param() { id }: FileIdParam,
    @Query() { size }: PictureQuery,
    @Req() { headers }: ParleyRequest,
    @Res() response: Response,
  ): Promise<void> {
    await sendDownload(response, await this.downloads.openPicture(id, size, headers));
  }
}
