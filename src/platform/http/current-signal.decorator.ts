import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Response } from 'express';

/** A signal that is aborted when the client disconnects before the response is sent. */
export const CurrentSignal = createParamDecorator((_data: unknown, context: ExecutionContext): AbortSignal =>
  signalOf(context.switchToHttp().getResponse<Response>()),
);

/** Returns a signal that is aborted when the client disconnects before this response is sent. */
export function signalOf(response: Response): AbortSignal {
  const disconnected = new AbortController();
  if (response.closed) disconnected.abort();
  else response.once('close', () => response.writableFinished || disconnected.abort());
  return disconnected.signal;
}
