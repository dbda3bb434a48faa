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
import { Config } from '../../platform/config/config.js';
import { requireMinimumRate } from '../../platform/http/body-deadline.js';
import { requireSafeJson } from '../../platform/http/json-guard.js';
import type { ParleyRequest } from '../../platform/http/request-context.js';
import { type ReceivedFile, receiveUpload } from './receive-upload.js';
import { IncomingFolder } from './storage/incoming-folder.js';
import { UploadSettings } from './upload-settings.js';

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
    private readonly config: Config,
    private readonly incoming: IncomingFolder,
    private readonly settings: UploadSettings,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<UploadRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    const path = this.incoming.newPath();
    this.endWhenRefused(request, response, path);
    return from(this.receive(request, response, path)).pipe(
      mergeMap(() => next.handle()),
      finalize(() => void rm(path, { force: true })),
    );
  }

  private async receive(request: UploadRequest, response: Response, path: string): Promise<void> {
    requireMinimumRate(request, response, this.settings);
    const { fileMaxImageBytes, fileMaxDocumentBytes, fileMaxMediaBytes } = this.config;
    const mostBytes = Math.max(fileMaxImageBytes, fileMaxDocumentBytes, fileMaxMediaBytes);
    request.received = await receiveUpload({ request, response, path, mostBytes });
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
