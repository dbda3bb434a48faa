import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Response } from 'express';
import type { ParleyRequest } from '../../platform/http/request-context.js';

const USER_AGENT_MAX = 256;

/** Where a login comes from: shown in the list of sessions, and what failed tries are counted by. */
export interface LoginSource {
  readonly ip: string;
  readonly userAgent: string;
  /** Aborted when the client goes before it is answered. */
  readonly signal?: AbortSignal;
}

export const CurrentSource = createParamDecorator((_data: unknown, context: ExecutionContext): LoginSource => {
  const http = context.switchToHttp();
  const request = http.getRequest<ParleyRequest>();
  const userAgent = (request.headers['user-agent'] ?? '').slice(0, USER_AGENT_MAX);
  return { ip: request.ip ?? '', userAgent, signal: signalOf(http.getResponse<Response>()) };
});

function signalOf(response: Response): AbortSignal {
  const gone = new AbortController();
  if (response.closed) gone.abort();
  else response.once('close', () => response.writableFinished || gone.abort());
  return gone.signal;
}
