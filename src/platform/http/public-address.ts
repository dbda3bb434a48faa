import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The Express setting that contains `PUBLIC_URL`. */
export const PUBLIC_URL = 'public url';

/**
 * Returns the URL at which clients reach this server, without a trailing slash: `PUBLIC_URL`, or else the host of this
 * request.
 */
export function publicAddressOf(request: Request): string {
  return wholeAddress(request.app.get(PUBLIC_URL) as string | undefined, request.protocol, request.headers.host);
}

export function wholeAddress(fixed: string | undefined, protocol: string, host = 'localhost'): string {
  return fixed?.replace(/\/+$/, '') ?? `${protocol}://${host}`;
}

/** The public URL of the server, for responses whose documented format contains absolute URLs. */
export const PublicAddress = createParamDecorator((_data: unknown, context: ExecutionContext): string =>
  publicAddressOf(context.switchToHttp().getRequest<Request>()),
);
