import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import { ADDRESS_TTL_MS, UrlSigner, type SignedAddress, type Variant } from './url-signer.js';
import type { FileAddressDto, SignAddressesDto } from './files.dto.js';
import { FilesRepository } from './files.repository.js';

/** Addresses for `<img>` and its like, which send no credential: a whole page of them in one call. */
@Injectable()
export class SignedUrls {
  constructor(
    private readonly repository: FilesRepository,
    private readonly signer: UrlSigner,
  ) {}

  /** In the order asked for, without those that are not for the actor to see, or not ready. */
  async sign(actor: Actor, { file_ids: ids, disposition }: SignAddressesDto): Promise<{ data: FileAddressDto[] }> {
    const stored = new Map((await this.repository.visible(ids, actor)).map((one) => [one.file.id, one.file]));
    const expiresAt = endOfNewAddress();
    const address = (fileId: string, variant: Variant): string =>
      this.address(actor, { fileId, variant, disposition, expiresAt });
    const shown = ids.flatMap((id) => stored.get(id) ?? []);
    return {
      data: shown
        .filter(({ status }) => status === 'ready')
        .map(({ id, has_thumbnail }) => ({
          file_id: id,
          url: address(id, 'content'),
          ...(has_thumbnail && { thumbnail_url: address(id, 'thumbnail') }),
          expires_at: expiresAt.toISOString(),
        })),
    };
  }

  /**
   * Of a file the actor is being shown, whether it is ready or not. Nothing is looked up: an address only says who
   * asks, and is answered by how the file stands, and what he may see, when it is used.
   */
  addressOf(actor: Actor, fileId: string): string {
    return this.address(actor, { fileId, variant: 'content', disposition: undefined, expiresAt: endOfNewAddress() });
  }

  private address({ userId, sessionId }: Actor, asked: Omit<SignedAddress, 'userId' | 'sessionId'>): string {
    const token = this.signer.sign({ ...asked, userId, sessionId });
    return `/api/v1/files/${asked.fileId}/${asked.variant}?token=${token}`;
  }
}

function endOfNewAddress(): Date {
  return new Date(Math.floor((Date.now() + ADDRESS_TTL_MS) / 1000) * 1000);
}
