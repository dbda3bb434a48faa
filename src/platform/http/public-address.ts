import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The setting of the HTTP application that holds `PUBLIC_URL`. */
export const PUBLIC_URL = 'public url';

/**
 * Where clients reach this server, without a slash at the end: `PUBLIC_URL`, or else the address of this very request.
 */
export function publicAddressOf(request: Request): string {
  return wholeAddress(request.app.get(PUBLIC_URL) as string | undefined, request.protocol, request.headers.host);
}

export function wholeAddress(fixed: string | undefined, protocol: string, host = 'localhost'): string {
  return fixed?.replace(/\/+$/, '') ?? `${protocol}://${host}`;
}

/** For answers whose documented form has whole addresses in it. */
export const PublicAddress = createParamDecorator((_data: unknown, context: ExecutionContext): string =>
  publicAddressOf(context.switchToHttp().getRequest<Request>()),
);
