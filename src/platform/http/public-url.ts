import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The Express setting that contains `PUBLIC_URL`. */
export const PUBLIC_URL = 'public url';

/**
 * Returns the URL at which clients reach this server, without a trailing slash: `PUBLIC_URL`, or else the host of this
 * request.
 */
export function publicUrlOf(request: Request): string {
  return baseUrlOf(request.app.get(PUBLIC_URL) as string | undefined, request.protocol, request.headers.host);
}

export function baseUrlOf(configured: string | undefined, protocol: string, host = 'localhost'): string {
  return configured?.replace(/\/+$/, '') ?? `${protocol}://${host}`;
}

/** The public URL of the server, for responses whose documented format contains absolute URLs. */
export const PublicUrl = createParamDecorator((_data: unknown, context: ExecutionContext): string =>
  publicUrlOf(context.switchToHttp().getRequest<Request>()),
);
