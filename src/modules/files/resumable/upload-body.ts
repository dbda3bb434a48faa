import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { ParleyRequest } from '../../../platform/http/parley-request.js';
import { hasUploadBody, newUploadOf, offsetOf } from './upload-headers.js';

/** The bytes that continue an upload, while they arrive. */
export interface UploadBody {
  readonly stream: Readable;
  /** Undefined when the request has no length. */
  readonly announcedBytes: number | undefined;
  readonly ip: string | undefined;
}

const requestOf = (context: ExecutionContext): ParleyRequest => context.switchToHttp().getRequest<ParleyRequest>();

/** The bytes of the request; undefined without any. */
export const ReceivedBody = createParamDecorator(
  (_data: unknown, context: ExecutionContext): UploadBody | undefined => {
    const request = requestOf(context);
    const { headers, ip } = request;
    if (!hasUploadBody(headers)) return undefined;
    const length = headers['content-length'];
    return { stream: request, announcedBytes: length === undefined ? undefined : Number(length), ip };
  },
);

/** What the headers say of a new upload. */
export const AnnouncedUpload = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  newUploadOf(requestOf(context).headers),
);

/** The offset at which the bytes of the request continue. */
export const UploadOffset = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  offsetOf(requestOf(context).headers),
);
