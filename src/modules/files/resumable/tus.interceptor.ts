import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { catchError, defer, map, type Observable } from 'rxjs';
import { requireMinimumRate } from '../../../platform/http/body-deadline.js';
import { UnsupportedMediaType } from '../../../platform/http/http-errors.js';
import type { ParleyRequest } from '../../../platform/http/parley-request.js';
import { closeAfterResponse } from '../close-after-response.js';
import { UploadSettings } from '../upload.interceptor.js';
import type { UploadDto } from './resumable-uploads.dto.js';
import { TUS_VERSION, UnsupportedTusVersion } from './resumable-uploads.errors.js';
import { hasUploadBody } from './upload-headers.js';

/** A client asks with OPTIONS which version is supported; a GET returns JSON, as other routes do. */
const NEEDS_VERSION = new Set(['HEAD', 'POST', 'PATCH', 'DELETE']);

/** Speaks tus: requires its version, limits the time of bodies, and sets the headers of an upload. */
@Injectable()
export class TusInterceptor implements NestInterceptor<UploadDto | undefined, UploadDto | undefined> {
  constructor(private readonly settings: UploadSettings) {}

  /** @throws UnsupportedTusVersion, UnsupportedMediaType */
  intercept(context: ExecutionContext, next: CallHandler<UploadDto | undefined>): Observable<UploadDto | undefined> {
    const request = context.switchToHttp().getRequest<ParleyRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    return defer(() => {
      response.setHeader('Tus-Resumable', TUS_VERSION);
      const { method, headers } = request;
      if (NEEDS_VERSION.has(method) && headers['tus-resumable'] !== TUS_VERSION) throw new UnsupportedTusVersion();
      if (method === 'POST' || method === 'PATCH') this.beginBody(request, response);
      return next.handle();
    }).pipe(
      map((upload) => {
        if (upload) setHeaders(response, upload, request.method);
        return request.method === 'PATCH' ? undefined : upload;
      }),
      catchError((error: unknown) => {
        closeAfterResponse(request, response, this.settings.lingerMs);
        throw error;
      }),
    );
  }

  private beginBody(request: ParleyRequest, response: Response): void {
    if (hasUploadBody(request.headers)) requireMinimumRate(request, response, this.settings);
    else if (request.method === 'PATCH') throw UnsupportedMediaType.expecting('application/offset+octet-stream');
  }
}

function setHeaders(
  response: Response,
  { id, offset, length, file_id: fileId, expires_at: end }: UploadDto,
  method: string,
): void {
  response.setHeader('Upload-Offset', offset);
  response.setHeader('Upload-Length', length);
  if (method === 'POST') response.setHeader('Location', `/api/v1/uploads/${id}`);
  if (offset < length) response.setHeader('Upload-Expires', new Date(end).toUTCString());
  if (fileId !== undefined) response.setHeader('X-File-Id', fileId);
}
