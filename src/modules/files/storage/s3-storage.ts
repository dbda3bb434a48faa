import { createWriteStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3mini } from 's3mini';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';
import { type ByteRange, FileStorage, type ResponseOverrides, isFileKey } from './file-storage.js';
import { presignedUrl, type S3Connection } from './presigned-url.js';

/** An upload in parts that was neither completed nor aborted. */
interface UnfinishedUpload {
  readonly key: string;
  readonly id: string;
  readonly begunAt: Date;
}

const MAX_PAGES = 20;

type Element = Readonly<Record<string, unknown>>;

/**
 * Returns all of the bucket, or as many as fit on twenty pages. The client returns the elements of the response
 * unchanged.
 */
async function unfinishedUploads(s3: S3mini): Promise<UnfinishedUpload[]> {
  const uploads: UnfinishedUpload[] = [];
  let from: Record<string, string> = {};
  for (let page = 0; page < MAX_PAGES; page++) {
    const response = (await s3.listMultipartUploads('/', '', 'GET', from)) as unknown as Element;
    const result = (response.ListMultipartUploadsResult ?? {}) as Element;
    uploads.push(...[result.Upload ?? []].flat().map((upload) => uploadOf(upload as Element)));
    if (result.IsTruncated !== 'true') break;
    from = { 'key-marker': String(result.NextKeyMarker), 'upload-id-marker': String(result.NextUploadIdMarker) };
  }
  return uploads;
}

function uploadOf({ Key, UploadId, Initiated }: Element): UnfinishedUpload {
  return { key: String(Key), id: String(UploadId), begunAt: new Date(String(Initiated)) };
}

/** The minimum size of a part in a store; also the amount of a file that is in memory at a time. */
const PART_BYTES = 5 * 1024 * 1024;
const URL_SECONDS = 60;
/** How long the store may be silent. */
const IDLE_TIMEOUT_MS = 60_000;

export interface S3Settings extends S3Connection {
  /** Whether clients are redirected to the store for downloads. */
  readonly redirects: boolean;
}

/** Stores files as objects of a bucket in any S3-compatible store. Large ones are uploaded in parts. */
export class S3Storage extends FileStorage {
  private client: Promise<S3mini> | undefined;

  constructor(
    private readonly settings: S3Settings,
    private readonly createPath: () => string,
    private readonly idleTimeoutMs = IDLE_TIMEOUT_MS,
  ) {
    super();
  }

  override async put(key: string, path: string, type: string): Promise<void> {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (size > PART_BYTES) await this.putInParts(key, type, handle, size);
      else await this.call(async (s3) => s3.putObject(key, await readPart(handle, 0, size), type));
    } finally {
      await handle.close();
    }
    await rm(path, { force: true });
  }

  override async open(key: string, range?: ByteRange): Promise<Readable> {
    const url = presignedUrl(this.settings, key, { seconds: URL_SECONDS });
    const headers = range ? { range: `bytes=${range.start}-${range.end}` } : undefined;
    return this.call(async () => {
      const { ok, status, body } = await this.fetchObject(url, headers);
      if (ok && body) return new ObjectBody(body, this.idleTimeoutMs);
      await body?.cancel();
      throw new Error(`the store responded ${status}`);
    });
  }

  override async withLocalCopy<T>(key: string, work: (path: string) => Promise<T>): Promise<T> {
    const path = this.createPath();
    try {
      await pipeline(await this.open(key), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      return await work(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  override async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.call((s3) => s3.deleteObject(key));
  }

  override async removeUnfinishedUploads(before: Date, { isDryRun }: { isDryRun: boolean }): Promise<number> {
    return this.call(async (s3) => {
      const broken = (await unfinishedUploads(s3)).filter(({ key, begunAt }) => isFileKey(key) && begunAt < before);
      if (isDryRun) return broken.length;
      for (const { key, id } of broken) await s3.abortMultipartUpload(key, id);
      return broken.length;
    });
  }

  override urlOf(key: string, { type, disposition }: ResponseOverrides): Promise<string | undefined> {
    if (!this.settings.redirects) return Promise.resolve(undefined);
    const responseHeaders = { 'response-content-type': type, 'response-content-disposition': disposition };
    return Promise.resolve(presignedUrl(this.settings, key, { seconds: URL_SECONDS, responseHeaders }));
  }

  /** Limits the wait for the headers; `ObjectBody` supervises the body. */
  private async fetchObject(url: string, headers: Record<string, string> | undefined): Promise<Response> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new Error('the store does not respond')), this.idleTimeoutMs);
    try {
      return await fetch(url, { headers, signal: timeout.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  private async putInParts(key: string, type: string, handle: FileHandle, size: number): Promise<void> {
    await this.call(async (s3) => {
      const upload = await s3.getMultipartUploadId(key, type);
      try {
        const parts = [];
        for (let at = 0; at < size; at += PART_BYTES) {
          const part = await readPart(handle, at, Math.min(PART_BYTES, size - at));
          parts.push(await s3.uploadPart(key, upload, part, parts.length + 1));
        }
        await s3.completeMultipartUpload(key, upload, parts);
      } catch (error) {
        await s3.abortMultipartUpload(key, upload).catch(() => undefined);
        throw error;
      }
    });
  }

  /** Calls the store with a client that is loaded on first use. @throws ServiceUnavailable */
  private async call<T>(operation: (s3: S3mini) => Promise<T>): Promise<T> {
    try {
      this.client ??= import('s3mini').then(
        ({ S3mini: Client }) => new Client({ ...this.settings, requestAbortTimeout: this.idleTimeoutMs }),
      );
      return await operation(await this.client);
    } catch (error) {
      throw new ServiceUnavailable(undefined, { cause: error });
    }
  }
}

async function readPart(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Error('the file became shorter');
    filled += bytesRead;
  }
  return buffer;
}

/**
 * The bytes of an object, read from the store. A store that falls silent ends it with ServiceUnavailable; time in which
 * the consumer does not read does not count.
 */
class ObjectBody extends Readable {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(
    body: ReadableStream<Uint8Array>,
    private readonly idleTimeoutMs: number,
  ) {
    super();
    this.reader = body.getReader();
  }

  override _read(): void {
    const late = setTimeout(() => this.breakOff(new Error('the store fell silent')), this.idleTimeoutMs);
    this.reader
      .read()
      .finally(() => clearTimeout(late))
      .then(
        ({ done, value }) => this.push(done ? null : value),
        (error: unknown) => this.breakOff(error),
      );
  }

  /** Also releases the connection. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.reader.cancel().catch(() => undefined);
    callback(error);
  }

  private breakOff(cause: unknown): void {
    this.destroy(new ServiceUnavailable(undefined, { cause }));
  }
}
