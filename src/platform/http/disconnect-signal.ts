import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Response } from 'express';

/** A signal that is aborted when the client disconnects before the response is sent. */
export const DisconnectSignal = createParamDecorator((_data: unknown, context: ExecutionContext): AbortSignal =>
  disconnectSignalOf(context.switchToHttp().getResponse<Response>()),
);

/** Returns a signal that is aborted when the client disconnects before this response is sent. */
export function disconnectSignalOf(response: Response): AbortSignal {
  const disconnected = new AbortController();
  if (response.closed) disconnected.abort();
  else response.once('close', () => response.writableFinished || disconnected.abort());
  return disconnected.signal;
}
