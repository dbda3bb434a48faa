import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import { UrlSigner, type Variant, variantOf } from './url-signer.js';
import type { Disposition, DownloadQuery, FileRow } from './files.dto.js';
import { FileNotFound, FileNotReady, RangeNotSatisfiable } from './files.errors.js';
import { FilesRepository, type StoredFile, type Viewer } from './files.repository.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';
import {
  imageKey,
  IMAGE_SIZES,
  thumbnailKey,
  typeOfSize,
  uploadKey,
  FileStorage,
  type ByteRange,
  type ImageSize,
} from './storage/file-storage.js';

export interface DownloadRequest extends DownloadQuery {
  readonly id: string;
  readonly variant: Variant;
  readonly headers: IncomingHttpHeaders;
  readonly ip: string | undefined;
}

/** A response that is not JSON; without a body for 302 and 304. */
export interface Download {
  readonly status: 200 | 206 | 302 | 304;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: () => Promise<Readable>;
}

/** Displayed inline by default; all other files are always attachments. */
const INLINE = new Set(['image', 'audio', 'video']);
/** Headers that make scripts in the file harmless: they do not run, can read nothing, and have no origin. */
const INERT = {
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'X-Content-Type-Options': 'nosniff',
  // Cached by the client and revalidated at every use, so that access is checked each time; the cost is a 304.
  'Cache-Control': 'private, no-cache',
};

/** The pages that may embed it: with a signed URL any, because no other site can have created that. */
type ResourcePolicy = 'same-site' | 'cross-origin';

/** Opens a file for download after checking the viewer's current access. */
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
    const { viewer, disposition, policy } = await this.authenticate(actor, request);
    const [stored] = await this.repository.findVisible([request.id], viewer);
    if (!stored || (request.variant !== 'content' && !mayHaveThumbnail(stored.file))) throw new FileNotFound();
    if (stored.file.status !== 'ready') throw new FileNotReady(stored.file.status);
    const download = await (request.variant === 'content'
      ? this.content(stored, disposition, request.headers)
      : this.thumbnail(stored, sizeOf(request.variant, stored.file), request.headers));
    return { ...download, headers: { ...download.headers, 'Cross-Origin-Resource-Policy': policy } };
  }

  /**
   * Opens a thumbnail of an image that is an avatar or the picture of a conversation, for everyone who knows its id.
   * Caches show it for an hour after its removal at most.
   * @throws FileNotFound, FileNotReady
   */
  async openPicture(id: string, size: ImageSize | undefined, requestHeaders: IncomingHttpHeaders): Promise<Download> {
    const stored = await this.repository.findPicture(id);
    if (!stored) throw new FileNotFound();
    if (stored.file.status !== 'ready') throw new FileNotReady(stored.file.status);
    if (!mayHaveThumbnail(stored.file)) throw new FileNotFound();
    const download = await this.thumbnail(stored, sizeOf(variantOf(size), stored.file), requestHeaders);
    // A URL of the store is valid for a minute only.
    const caching = download.status === 302 ? INERT['Cache-Control'] : 'public, max-age=3600';
    const headers = { ...download.headers, 'Cache-Control': caching, 'Cross-Origin-Resource-Policy': 'cross-origin' };
    return { ...download, headers };
  }

  private async authenticate(
    actor: Actor | undefined,
    { id, variant, token, disposition, ip }: DownloadRequest,
  ): Promise<{ viewer: Viewer; disposition: Disposition | undefined; policy: ResourcePolicy }> {
    if (actor) {
      await this.limits.check(CALL_LIMIT, actor);
      return { viewer: actor, disposition, policy: 'same-site' };
    }
    const claims = token === undefined ? undefined : this.signer.read(token, id, variant);
    if (!claims) {
      await this.limits.checkIp(CALL_LIMIT, ip);
      throw new AuthenticationRequired();
    }
    await this.limits.checkSubject(CALL_LIMIT, claims.userId);
    return { viewer: claims, disposition: claims.disposition, policy: 'cross-origin' };
  }

  private async content(
    { file, object_id: objectId, content_hash: hash, charset }: StoredFile,
    requested: Disposition | undefined,
    headers: IncomingHttpHeaders,
  ): Promise<Download> {
    const disposition = INLINE.has(file.category) ? (requested ?? 'inline') : 'attachment';
    const metadata = {
      'Content-Type': contentType(file.type, charset),
      'Content-Disposition': contentDisposition(disposition, file.name),
      ETag: `"${hash.slice(0, 32)}"`,
    };
    return this.respond(
      file.category === 'image' ? imageKey(objectId) : uploadKey(objectId),
      metadata,
      headers,
      file.size,
    );
  }

  /** The size of a thumbnail is not stored; it is small, and sent as a whole. */
  private async thumbnail(
    { file, object_id: objectId, content_hash: hash }: StoredFile,
    size: ImageSize,
    headers: IncomingHttpHeaders,
  ): Promise<Download> {
    const metadata = {
      'Content-Type': typeOfSize(size),
      'Content-Disposition': contentDisposition('inline', thumbnailName(file, size)),
      ETag: `"${hash.slice(0, 30)}-${size === 'small' ? 't' : size}"`,
    };
    return this.respond(thumbnailKey(objectId, size), metadata, headers);
  }

  private async respond(
    key: string,
    metadata: { 'Content-Type': string; 'Content-Disposition': string; ETag: string },
    requestHeaders: IncomingHttpHeaders,
    size?: number,
  ): Promise<Download> {
    const headers = { ...INERT, ...metadata };
    if (isKnown(requestHeaders['if-none-match'], metadata.ETag)) return { status: 304, headers };
    const served = { type: metadata['Content-Type'], disposition: metadata['Content-Disposition'] };
    const location = await this.storage.urlOf(key, served);
    if (location !== undefined) return { status: 302, headers: { ...INERT, Location: location } };
    if (size === undefined) return { status: 200, headers, body: () => this.storage.open(key) };
    const isSame = requestHeaders['if-range'] === undefined || requestHeaders['if-range'] === metadata.ETag;
    const range = isSame ? requestedRange(requestHeaders.range, size) : undefined;
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

/** Until its scan ends an image or a video is `not ready` in all its variants. */
function mayHaveThumbnail({ category, status, has_thumbnail }: FileRow): boolean {
  return (category === 'image' || category === 'video') && (status !== 'ready' || has_thumbnail);
}

/** The requested size, or the largest that there is. Files of older versions have the small one only. */
function sizeOf(variant: Exclude<Variant, 'content'>, { image_sizes: made }: FileRow): ImageSize {
  const wanted = variant === 'thumbnail' ? 'small' : variant;
  const upToWanted = IMAGE_SIZES.slice(0, IMAGE_SIZES.indexOf(wanted) + 1);
  return upToWanted.findLast((size) => made?.some(({ name }) => name === size)) ?? 'small';
}

function thumbnailName({ name }: FileRow, size: ImageSize): string {
  return `${name.replace(/\.[^.]*$/, '')}.${size === 'full' ? 'jpg' : 'webp'}`;
}

function isKnown(header: string | undefined, etag: string): boolean {
  return header !== undefined && header.split(',').some((known) => known.trim().replace(/^W\//, '') === etag);
}

const ONE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * Returns the range of a `Range` header; undefined for the whole file. A request for several ranges gets the whole
 * file, as HTTP allows: such requests only serve to cause work.
 * @throws RangeNotSatisfiable
 */
function requestedRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, from = '', to = ''] = ONE_RANGE.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && from !== '' && Number(to) < start) return undefined;
  if (start >= size || (from === '' && Number(to) === 0)) throw new RangeNotSatisfiable(size);
  return { start, end };
}

/** Characters that RFC 8187 allows unescaped. */
const PLAIN = /[A-Za-z0-9!#$&+.^_`|~-]/;

/** The header of RFC 6266: an ASCII name for old clients, and the real one. No part of the name can end the header. */
function contentDisposition(disposition: Disposition, name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%;]/g, '_');
  return `${disposition}; filename="${ascii}"; filename*=UTF-8''${escaped(name)}`;
}

function escaped(name: string): string {
  let text = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte);
    text += byte < 0x80 && PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
