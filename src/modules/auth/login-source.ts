import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { disconnectSignalOf } from '../../platform/http/disconnect-signal.js';
import type { ParleyRequest } from '../../platform/http/parley-request.js';
import { LIMIT_PROFILE } from '../../platform/throttling/limit.decorator.js';
import type { LimitProfile } from '../../platform/throttling/limits.js';

const USER_AGENT_MAX = 256;

/** The source of a login: displayed in the list of sessions, and used to count failed attempts. */
export interface LoginSource {
  readonly ip: string;
  readonly userAgent: string;
  /** The rate limits of the called route, if it has its own. */
  readonly limits?: LimitProfile;
  /** Aborted when the client disconnects before the response. */
  readonly signal?: AbortSignal;
}

export const CurrentLoginSource = createParamDecorator((_data: unknown, context: ExecutionContext): LoginSource => {
  const http = context.switchToHttp();
  const request = http.getRequest<ParleyRequest>();
  const userAgent = (request.headers['user-agent'] ?? '').slice(0, USER_AGENT_MAX);
  const signal = disconnectSignalOf(http.getResponse<Response>());
  return { ip: request.ip ?? '', userAgent, limits: limitsOf(context), signal };
});

function limitsOf(context: ExecutionContext): LimitProfile | undefined {
  const targets = [context.getHandler(), context.getClass()];
  return new Reflector().getAllAndOverride<LimitProfile | undefined>(LIMIT_PROFILE, targets);
}
