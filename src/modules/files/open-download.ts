import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import { UrlSigner, type Variant } from './url-signer.js';
import { requestedRange } from './byte-ranges.js';
import { contentDisposition } from './content-disposition.js';
import type { Disposition, DownloadQuery, FileRow } from './files.dto.js';
import { FileNotFound, FileNotReady } from './files.errors.js';
import { FilesRepository, type StoredFile, type Viewer } from './files.repository.js';
import { imageKey, thumbnailKey, uploadKey } from './storage/file-keys.js';
import { FileStorage } from './storage/file-storage.js';

export interface DownloadRequest extends DownloadQuery {
  readonly id: string;
  readonly variant: Variant;
  readonly headers: IncomingHttpHeaders;
  readonly ip: string | undefined;
}

/** An answer that is not JSON; without a body for 302 and 304. */
export interface Download {
  readonly status: 200 | 206 | 302 | 304;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: () => Promise<Readable>;
}

/** Shown in the page where it is asked for; everything else is saved, whatever is asked for. */
const SHOWN = new Set(['image', 'audio', 'video']);
/** A script in it would run nowhere, see nothing, and belong to nobody. */
const INERT = {
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'X-Content-Type-Options': 'nosniff',
  // Kept by whoever saw it, and asked for again each time: it costs a 304 as long as he may.
  'Cache-Control': 'private, no-cache',
};

/** Which pages may show it: with a signed address any, because no other site can have made that. */
type ResourcePolicy = 'same-site' | 'cross-origin';

/** Lets somebody have the bytes of a file, after looking who it is and what he may see at this moment. */
@Injectable()
export class OpenDownload {
  constructor(
    private readonly repository: FilesRepository,
    private readonly storage: FileStorage,
    private readonly signer: UrlSigner,
    private readonly limits: Limits,
  ) {}

  /** @throws AuthenticationRequired, RateLimitExceeded, FileNotFound, FileNotReady, RangeNotSatisfiable */
  async open(actor: Actor | undefined, request: DownloadRequest): Promise<Download> {
    const { viewer, disposition, policy } = await this.admit(actor, request);
    const [stored] = await this.repository.visible([request.id], viewer);
    if (!stored || (request.variant === 'thumbnail' && !mayHaveThumbnail(stored.file))) throw new FileNotFound();
    if (stored.file.status !== 'ready') throw new FileNotReady(stored.file.status);
    const download = await (request.variant === 'thumbnail'
      ? this.thumbnail(stored, request.headers)
      : this.content(stored, disposition, request.headers));
    return { ...download, headers: { ...download.headers, 'Cross-Origin-Resource-Policy': policy } };
  }

  private async admit(
    actor: Actor | undefined,
    { id, variant, token, disposition, ip }: DownloadRequest,
  ): Promise<{ viewer: Viewer; disposition: Disposition | undefined; policy: ResourcePolicy }> {
    if (actor) {
      await this.limits.check('call', actor);
      return { viewer: actor, disposition, policy: 'same-site' };
    }
    const address = token === undefined ? undefined : this.signer.read(token, id, variant);
    if (!address) {
      await this.limits.checkAddress('call', ip);
      throw new AuthenticationRequired();
    }
    await this.limits.checkSubject('call', address.userId);
    return { viewer: address, disposition: address.disposition, policy: 'cross-origin' };
  }

  private async content(
    { file, content_hash: hash, charset }: StoredFile,
    wanted: Disposition | undefined,
    headers: IncomingHttpHeaders,
  ): Promise<Download> {
    const disposition = SHOWN.has(file.category) ? (wanted ?? 'inline') : 'attachment';
    const said = {
      'Content-Type': contentType(file.type, charset),
      'Content-Disposition': contentDisposition(disposition, file.name),
      ETag: `"${hash.slice(0, 32)}"`,
    };
    return this.answer(file.category === 'image' ? imageKey(file.id) : uploadKey(file.id), said, headers, file.size);
  }

  /** Its size is not kept; it is small, and sent as a whole. */
  private async thumbnail({ file, content_hash: hash }: StoredFile, headers: IncomingHttpHeaders): Promise<Download> {
    const said = {
      'Content-Type': 'image/webp',
      'Content-Disposition': contentDisposition('inline', thumbnailName(file)),
      ETag: `"${hash.slice(0, 30)}-t"`,
    };
    return this.answer(thumbnailKey(file.id), said, headers);
  }

  private async answer(
    key: string,
    said: { 'Content-Type': string; 'Content-Disposition': string; ETag: string },
    asked: IncomingHttpHeaders,
    size?: number,
  ): Promise<Download> {
    const headers = { ...INERT, ...said };
    if (isKnown(asked['if-none-match'], said.ETag)) return { status: 304, headers };
    const place = { type: said['Content-Type'], disposition: said['Content-Disposition'] };
    const address = await this.storage.addressOf(key, place);
    if (address !== undefined) return { status: 302, headers: { ...INERT, Location: address } };
    if (size === undefined) return { status: 200, headers, body: () => this.storage.open(key) };
    const isSame = asked['if-range'] === undefined || asked['if-range'] === said.ETag;
    const range = isSame ? requestedRange(asked.range, size) : undefined;
    const length = range ? range.end - range.start + 1 : size;
    const whole = { ...headers, 'Accept-Ranges': 'bytes', 'Content-Length': String(length) };
    const body = (): Promise<Readable> => this.storage.open(key, range);
    if (!range) return { status: 200, headers: whole, body };
    return { status: 206, headers: { ...whole, 'Content-Range': `bytes ${range.start}-${range.end}/${size}` }, body };
  }
}

function contentType(type: string, charset: string | null): string {
  return type.startsWith('text/') ? `${type}; charset=${charset ?? 'utf-8'}` : type;
}

/** Until its scan is over an image is `not ready` in all its variants. */
function mayHaveThumbnail({ category, status, has_thumbnail }: FileRow): boolean {
  return category === 'image' && (status !== 'ready' || has_thumbnail);
}

function thumbnailName({ name }: FileRow): string {
  return `${name.replace(/\.[^.]*$/, '')}.webp`;
}

function isKnown(header: string | undefined, etag: string): boolean {
  return header !== undefined && header.split(',').some((known) => known.trim().replace(/^W\//, '') === etag);
}
