import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Response } from 'express';

/** Aborted when the client disconnects before it is answered. */
export const CurrentSignal = createParamDecorator((_data: unknown, context: ExecutionContext): AbortSignal =>
  signalOf(context.switchToHttp().getResponse<Response>()),
);

/** A signal that is aborted when the client disconnects before this response has been sent. */
export function signalOf(response: Response): AbortSignal {
  const gone = new AbortController();
  if (response.closed) gone.abort();
  else response.once('close', () => response.writableFinished || gone.abort());
  return gone.signal;
}
