import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { URL_TTL_MS, UrlSigner, type SignedUrlClaims, type Variant, variantOf } from './url-signer.js';
import type { SignedFileUrlDto, SignFileUrlsDto } from './files.dto.js';
import { FilesRepository } from './files.repository.js';

/** URLs for `<img>` and similar elements, which send no credential: those of a whole page in one call. */
@Injectable()
export class SignedUrls {
  constructor(
    private readonly repository: FilesRepository,
    private readonly signer: UrlSigner,
  ) {}

  /** In the requested order, without files that the actor may not see or that are not ready. */
  async sign(
    actor: Actor,
    { file_ids: ids, disposition, size }: SignFileUrlsDto,
  ): Promise<{ data: SignedFileUrlDto[] }> {
    const stored = new Map((await this.repository.findVisible(ids, actor)).map((one) => [one.file.id, one.file]));
    const expiresAt = newExpiry();
    const urlFor = (fileId: string, variant: Variant): string =>
      this.createUrl(actor, { fileId, variant, disposition, expiresAt });
    const visible = ids.flatMap((id) => stored.get(id) ?? []);
    return {
      data: visible
        .filter(({ status }) => status === 'ready')
        .map(({ id, has_thumbnail }) => ({
          file_id: id,
          url: urlFor(id, 'content'),
          ...(has_thumbnail && { thumbnail_url: urlFor(id, variantOf(size)) }),
          expires_at: expiresAt.toISOString(),
        })),
    };
  }

  /**
   * Signs the URL of a file that the actor is about to receive, whether it is ready or not. Nothing is looked up: the
   * URL only identifies the actor; the state of the file and their access are checked when it is used.
   */
  urlOf(actor: Actor, fileId: string): string {
    return this.createUrl(actor, { fileId, variant: 'content', disposition: undefined, expiresAt: newExpiry() });
  }

  private createUrl({ userId, sessionId }: Actor, parameters: Omit<SignedUrlClaims, 'userId' | 'sessionId'>): string {
    const token = this.signer.sign({ ...parameters, userId, sessionId });
    return `/api/v1/files/${parameters.fileId}/${PATHS[parameters.variant]}token=${token}`;
  }
}

/** The path and the beginning of the query of each variant. */
const PATHS: Readonly<Record<Variant, string>> = {
  content: 'content?',
  thumbnail: 'thumbnail?',
  medium: 'thumbnail?size=medium&',
  large: 'thumbnail?size=large&',
  full: 'thumbnail?size=full&',
};

function newExpiry(): Date {
  return new Date(Math.floor((Date.now() + URL_TTL_MS) / 1000) * 1000);
}
