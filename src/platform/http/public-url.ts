import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The Express setting that contains the setting `PUBLIC_URL` of the server. */
export const PUBLIC_URL_SETTING = 'public url';

/**
 * Returns the URL at which clients reach this server, without a trailing slash: `PUBLIC_URL`, or else the host of this
 * request.
 */
export function publicUrlOf(request: Request): string {
  return resolvePublicUrl(
    request.app.get(PUBLIC_URL_SETTING) as string | undefined,
    request.protocol,
    request.headers.host,
  );
}

/** `publicUrlOf` for a request that Express has not handled: of its protocol and `Host` header. */
export function resolvePublicUrl(configured: string | undefined, protocol: string, host = 'localhost'): string {
  return configured?.replace(/\/+$/, '') ?? `${protocol}://${host}`;
}

/** The public URL of the server, for responses whose documented format contains absolute URLs. */
export const PublicUrl = createParamDecorator((_data: unknown, context: ExecutionContext): string =>
  publicUrlOf(context.switchToHttp().getRequest<Request>()),
);
