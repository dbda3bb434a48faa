import { Injectable } from '@nestjs/common';
import type { FileDto, UploadFileDto } from '../../modules/files/files.dto.js';
import { FilesService } from '../../modules/files/files.service.js';
import type { ReceivedFile } from '../../modules/files/receive-upload.js';
import { SignAddresses } from '../../modules/files/sign-addresses.js';
import type { Actor } from '../../platform/http/actor.js';
import type { MessagingAttachmentDto } from './messaging.dto.js';
import { presentAttachment, type SignedAddresses } from './messaging.presenter.js';

/** Files in the words of the dialect: its clients put the address of a file into a page as it is. */
@Injectable()
export class MessagingFiles {
  constructor(
    private readonly files: FilesService,
    private readonly signing: SignAddresses,
  ) {}

  /** `base`: where clients reach this server. @throws as `FilesService.upload` */
  async upload(
    actor: Actor,
    received: ReceivedFile | undefined,
    dto: UploadFileDto,
    base: string,
  ): Promise<MessagingAttachmentDto> {
    const file = await this.files.upload(actor, received, dto);
    return presentAttachment(file, await this.addressesOf(actor, [file], base));
  }

  /** Whole addresses of these files for the actor alone, good for five minutes. */
  async addressesOf(actor: Actor, files: readonly FileDto[], base: string): Promise<SignedAddresses> {
    if (files.length === 0) return new Map();
    const ids = [...new Set(files.map(({ id }) => id))];
    const { data } = await this.signing.sign(actor, { file_ids: ids }, { evenUnready: true });
    return new Map(data.map(({ file_id, url }) => [file_id, base + url]));
  }
}
