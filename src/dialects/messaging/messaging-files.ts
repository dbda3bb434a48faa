import { Injectable } from '@nestjs/common';
import type { UploadFileDto } from '../../modules/files/files.dto.js';
import { FilesService } from '../../modules/files/files.service.js';
import type { ReceivedFile } from '../../modules/files/receive-upload.js';
import { SignedUrls } from '../../modules/files/signed-urls.js';
import type { Actor } from '../../platform/http/actor.js';
import type { MessagingAttachmentDto } from './messaging.dto.js';
import { type UrlOf, presentAttachment } from './messaging.presenter.js';

/** Files in the words of the dialect: its clients put the address of a file into a page as it is. */
@Injectable()
export class MessagingFiles {
  constructor(
    private readonly files: FilesService,
    private readonly signedUrls: SignedUrls,
  ) {}

  /** `base`: where clients reach this server. @throws as `FilesService.upload` */
  async upload(
    actor: Actor,
    received: ReceivedFile | undefined,
    dto: UploadFileDto,
    base: string,
  ): Promise<MessagingAttachmentDto> {
    return presentAttachment(await this.files.upload(actor, received, dto), this.urlsFor(actor, base));
  }

  /** Whole addresses of what the actor is shown, for him alone, good for five minutes. */
  urlsFor(actor: Actor, base: string): UrlOf {
    return (fileId) => base + this.signedUrls.urlOf(actor, fileId);
  }
}
