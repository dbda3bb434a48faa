import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import { ADDRESS_TTL_MS, AddressSigner, type Variant } from './address-signer.js';
import type { FileAddressDto, SignAddressesDto } from './files.dto.js';
import { FilesRepository } from './files.repository.js';

/** Addresses for `<img>` and its like, which send no credential: a whole page of them in one call. */
@Injectable()
export class SignAddresses {
  constructor(
    private readonly repository: FilesRepository,
    private readonly signer: AddressSigner,
  ) {}

  /**
   * In the order asked for, without those that are not for the actor to see, and unless told otherwise without those
   * that are not ready: an address says who asks, and is answered by how the file stands when it is used.
   */
  async sign(
    actor: Actor,
    { file_ids: ids, disposition }: SignAddressesDto,
    { evenUnready = false } = {},
  ): Promise<{ data: FileAddressDto[] }> {
    const stored = new Map((await this.repository.visible(ids, actor)).map((one) => [one.file.id, one.file]));
    const expiresAt = new Date(Math.floor((Date.now() + ADDRESS_TTL_MS) / 1000) * 1000);
    const { userId, sessionId } = actor;
    const address = (fileId: string, variant: Variant): string => {
      const token = this.signer.sign({ fileId, userId, sessionId, variant, disposition, expiresAt });
      return `/api/v1/files/${fileId}/${variant}?token=${token}`;
    };
    const shown = ids.flatMap((id) => stored.get(id) ?? []);
    return {
      data: shown
        .filter(({ status }) => evenUnready || status === 'ready')
        .map(({ id, has_thumbnail }) => ({
          file_id: id,
          url: address(id, 'content'),
          ...(has_thumbnail && { thumbnail_url: address(id, 'thumbnail') }),
          expires_at: expiresAt.toISOString(),
        })),
    };
  }
}
