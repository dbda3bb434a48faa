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
import { finalize, from, mergeMap, type Observable } from 'rxjs';
import { requireMinimumRate } from '../../platform/http/body-deadline.js';
import { actionOf } from '../../platform/http/idempotency.interceptor.js';
import { IdempotentAnswers } from '../../platform/http/idempotent-answers.js';
import type { ParleyRequest } from '../../platform/http/request-context.js';
import { FileTooLarge } from './files.errors.js';
import { FilesPolicy } from './files.policy.js';
import { announcedBytes, type ReceivedFile, receiveUpload } from './receive-upload.js';
import { IncomingFolder } from './storage/incoming-folder.js';
import { UploadSettings } from './upload-settings.js';
import { requireSafeJson } from '../../platform/validation/safe-json.js';

type UploadRequest = ParleyRequest & { received?: ReceivedFile };

/** The file that came with the request. */
export const Received = createParamDecorator(
  (_data: unknown, context: ExecutionContext): ReceivedFile | undefined =>
    context.switchToHttp().getRequest<UploadRequest>().received,
);

/** Takes the file of a form in before the route runs; whatever becomes of the request, it is gone afterwards. */
@Injectable()
export class UploadInterceptor implements NestInterceptor {
  constructor(
    private readonly policy: FilesPolicy,
    private readonly incoming: IncomingFolder,
    private readonly settings: UploadSettings,
    private readonly answers: IdempotentAnswers,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<UploadRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    const path = this.incoming.newPath();
    this.endWhenRefused(request, response, path);
    return from(this.receive(request, response, path)).pipe(
      mergeMap(() => this.answer(context, next)),
      finalize(() => void rm(path, { force: true })),
    );
  }

  /** With an `Idempotency-Key` the same form gives the same file again: an upload is repeated on the first bad network. */
  private answer(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<UploadRequest>();
    const key = IdempotentAnswers.keyOf(request);
    if (key === undefined || !request.actor) return next.handle();
    const asked = { userId: request.actor.userId, action: actionOf(context), key, bodyHash: hashOf(request) };
    const response = context.switchToHttp().getResponse<Response>();
    return from(this.answers.answer(asked, () => next.handle(), response));
  }

  private async receive(request: UploadRequest, response: Response, path: string): Promise<void> {
    requireMinimumRate(request, response, this.settings);
    const ended = endOf(response);
    const { mostBytes } = this.policy;
    if (announcedBytes(request) > mostBytes) throw new FileTooLarge({ limit: mostBytes });
    request.received = await receiveUpload({ request, response, path, mostBytes, ended });
    requireSafeJson(request.body);
  }

  /** A client that goes on sending after the answer is listened to for a moment, then hung up on. */
  private endWhenRefused(request: UploadRequest, response: Response, path: string): void {
    request.once('close', () => void (request.complete || rm(path, { force: true })));
    response.once('finish', () => {
      if (request.complete) return;
      setTimeout(() => request.complete || request.socket.destroy(), this.settings.lingerMs).unref();
    });
  }
}

/** Aborted when the connection is closed before the answer is out. */
function endOf(response: Response): AbortSignal {
  const end = new AbortController();
  response.once('close', () => response.writableFinished || end.abort());
  return end.signal;
}

/** The fields of the form and the file, by its content. */
function hashOf({ originalUrl, body, received }: UploadRequest): Buffer {
  const { name, declaredType, contentHash } = received!;
  return createHash('sha256')
    .update(JSON.stringify([originalUrl, body, name, declaredType, contentHash]))
    .digest();
}
