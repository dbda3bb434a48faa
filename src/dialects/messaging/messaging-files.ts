import { Injectable } from '@nestjs/common';
import type { UploadFileDto } from '../../modules/files/files.dto.js';
import { FilesService } from '../../modules/files/files.service.js';
import type { ReceivedFile } from '../../modules/files/receive-upload.js';
import { SignedUrls } from '../../modules/files/signed-urls.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { MessagingAttachmentDto } from './messaging.dto.js';
import { type FileUrlOf, presentAttachment } from './messaging.presenter.js';

/** Files in the format of the dialect, whose clients use the URL of a file directly in a page. */
@Injectable()
export class MessagingFiles {
  constructor(
    private readonly files: FilesService,
    private readonly signedUrls: SignedUrls,
  ) {}

  /** @throws as `FilesService.upload` */
  async upload(
    actor: Actor,
    received: ReceivedFile | undefined,
    dto: UploadFileDto,
    publicUrl: string,
  ): Promise<MessagingAttachmentDto> {
    return presentAttachment(await this.files.upload(actor, received, dto), this.urlSignerFor(actor, publicUrl));
  }

  /** Returns a function that signs absolute URLs of files for this actor only, valid for five minutes. */
  urlSignerFor(actor: Actor, publicUrl: string): FileUrlOf {
    return (fileId) => publicUrl + this.signedUrls.urlOf(actor, fileId);
  }
}
