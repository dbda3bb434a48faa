import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ParleyRequest } from '../../platform/http/request-context.js';
import { addressSubject } from '../../platform/throttling/limit-subject.js';

const USER_AGENT_MAX = 256;

/** Where a login comes from: shown in the list of sessions, and what failed tries are counted by. */
export interface LoginSource {
  readonly ip: string;
  readonly userAgent: string;
}

export const CurrentSource = createParamDecorator((_data: unknown, context: ExecutionContext): LoginSource => {
  const request = context.switchToHttp().getRequest<ParleyRequest>();
  return { ip: request.ip ?? '', userAgent: (request.headers['user-agent'] ?? '').slice(0, USER_AGENT_MAX) };
});

/** One address, or one network of IPv6, counts as one place. */
export function placeOf(source: LoginSource): string {
  return addressSubject(source.ip);
}
