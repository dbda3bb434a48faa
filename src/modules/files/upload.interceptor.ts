import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import {
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Response } from 'express';
import { catchError, defer, finalize, from, mergeMap, type Observable } from 'rxjs';
import { requireMinimumRate } from '../../platform/http/body-deadline.js';
import { actionOf } from '../../platform/http/idempotency.interceptor.js';
import { IdempotencyStore } from '../../platform/http/idempotency-store.js';
import type { IdempotentRequest } from '../../platform/http/idempotency.repository.js';
import type { ParleyRequest } from '../../platform/http/parley-request.js';
import { closeAfterResponse } from './close-after-response.js';
import { FileQuotaExceeded, FileTooLarge } from './files.errors.js';
import { FilesPolicy } from './files.policy.js';
import { announcedBytes, type ReceivedFile, receiveUpload } from './receive-upload.js';
import { TempUploads } from './storage/temp-uploads.js';
import { type Upload, UploadsInProgress } from './uploads-in-progress.js';
import { requireSafeJson } from '../../platform/validation/safe-json.js';

/** Timeouts of uploads. A provider, so that tests can shorten them. */
export class UploadSettings {
  /** Slower uploads are cut off, so that they cannot occupy a connection without limit. */
  bytesPerSecond = 8 * 1024;
  /** The initial time in which the rate is not enforced. */
  graceMs = 10_000;
  checkMs = 5_000;
  /** The maximum duration of an upload: 50 MB at 85 kB/s. */
  maxMs = 10 * 60_000;
  /** How long a refused upload is still read, so that the client gets to read the response. */
  lingerMs = 2_000;
}

type UploadRequest = ParleyRequest & { received?: ReceivedFile };

/** The uploaded file of the request. */
export const UploadedFile = createParamDecorator(
  (_data: unknown, context: ExecutionContext): ReceivedFile | undefined =>
    context.switchToHttp().getRequest<UploadRequest>().received,
);

/**
 * Receives the file of a form before the route runs, and deletes it after the request in any case. `UploadsInProgress`
 * limits the number of concurrent uploads.
 */
@Injectable()
export class UploadInterceptor implements NestInterceptor {
  constructor(
    private readonly policy: FilesPolicy,
    private readonly tempUploads: TempUploads,
    private readonly settings: UploadSettings,
    private readonly uploads: UploadsInProgress,
    private readonly idempotency: IdempotencyStore,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<UploadRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    return defer(() => {
      const upload = this.uploads.begin(request.actor!.userId, request.ip);
      const path = this.tempUploads.createPath();
      return from(this.receive(context, upload, path)).pipe(
        mergeMap(() => this.respond(context, next)),
        finalize(() => {
          this.uploads.end(upload);
          void rm(path, { force: true });
        }),
      );
    }).pipe(
      catchError((error: unknown) => {
        closeAfterResponse(request, response, this.settings.lingerMs);
        throw error;
      }),
    );
  }

  /** With an `Idempotency-Key`, repeating the same form returns the same file: uploads are retried on bad networks. */
  private respond(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<UploadRequest>();
    const idempotent = idempotencyOf(context);
    if (!idempotent) return next.handle();
    const response = context.switchToHttp().getResponse<Response>();
    return from(this.idempotency.respond({ ...idempotent, bodyHash: hashOf(request) }, () => next.handle(), response));
  }

  private async receive(context: ExecutionContext, upload: Upload, path: string): Promise<void> {
    const request = context.switchToHttp().getRequest<UploadRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    requireMinimumRate(request, response, this.settings);
    const ended = endOf(request, response);
    const reserved = await this.reserve(context, upload);
    const { maxBytes } = this.policy;
    const limits =
      reserved < maxBytes && announcedBytes(request) === undefined
        ? { maxBytes: reserved, createTooLargeError: () => new FileQuotaExceeded() }
        : { maxBytes, createTooLargeError: () => new FileTooLarge({ limit: maxBytes }) };
    request.received = await receiveUpload({ request, response, path, ended, ...limits });
    requireSafeJson(request.body);
  }

  /** Returns the size limit of the file. A repeated request is not counted, because its file is stored already. */
  private async reserve(context: ExecutionContext, upload: Upload): Promise<number> {
    const request = context.switchToHttp().getRequest<UploadRequest>();
    const { maxBytes } = this.policy;
    const announced = announcedBytes(request);
    if (announced !== undefined && announced > maxBytes) throw new FileTooLarge({ limit: maxBytes });
    const idempotent = idempotencyOf(context);
    if (idempotent && (await this.idempotency.isKnown(idempotent))) return maxBytes;
    return this.uploads.reserve(upload, request.actor!, announced);
  }
}

/** Aborted when the connection closes before the response is sent, or before the request is complete. */
function endOf(request: UploadRequest, response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => (request.complete && response.writableFinished) || controller.abort());
  if (request.destroyed) controller.abort();
  return controller.signal;
}

/** The user, action and key of the request; undefined without a key. */
function idempotencyOf(context: ExecutionContext): Omit<IdempotentRequest, 'bodyHash'> | undefined {
  const request = context.switchToHttp().getRequest<UploadRequest>();
  const key = IdempotencyStore.keyOf(request);
  return key === undefined ? undefined : { userId: request.actor!.userId, action: actionOf(context), key };
}

/** Hashes the fields of the form and the content of the file. */
function hashOf({ originalUrl, body, received }: UploadRequest): Buffer {
  const { name, declaredType, contentHash } = received!;
  return createHash('sha256')
    .update(JSON.stringify([originalUrl, body, name, declaredType, contentHash]))
    .digest();
}
