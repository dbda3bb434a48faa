import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { getOptionsToken, ThrottlerGuard, type ThrottlerModuleOptions, type ThrottlerRequest } from '@nestjs/throttler';
import type { ServerResponse } from 'node:http';
import { RateLimitExceeded } from '../errors/app-error.js';
import { type LimitRecord, LimitStorage } from './limit-storage.js';
import { accountNamed, subjectOfIp, callerSubject, type LimitedRequest, loginSubject } from './limit-subject.js';
import { LIMIT_ACTION, LIMIT_AS_CALL, LIMIT_PROFILE } from './limit.decorator.js';
import type { LimitAction, LimitProfile } from './limits.js';
import { Limits } from './limits.service.js';

/**
 * Applies the rate limits to every route. It runs after authentication, so that a user has one counter for all their IP
 * addresses; requests without a user are counted by IP address. All responses of a limited route have headers with the
 * remaining calls.
 */
@Injectable()
export class LimitGuard extends ThrottlerGuard {
  constructor(
    @Inject(getOptionsToken()) options: ThrottlerModuleOptions,
    // Explicit, because the base class declares its own storage for this parameter, and that is inherited.
    @Inject(LimitStorage) private readonly storage: LimitStorage,
    reflector: Reflector,
    private readonly limits: Limits,
  ) {
    super(options, storage, reflector);
  }

  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    return context.getType() !== 'http';
  }

  /** @throws RateLimitExceeded */
  protected override async handleRequest({ context }: ThrottlerRequest): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<LimitedRequest>();
    request.isCounted = true;
    const response = http.getResponse<ServerResponse>();
    const targets = [context.getHandler(), context.getClass()];
    const action = this.reflector.getAllAndOverride<LimitAction | undefined>(LIMIT_ACTION, targets) ?? 'call';
    const profile = this.reflector.getAllAndOverride<LimitProfile | undefined>(LIMIT_PROFILE, targets);
    if (action !== 'login') {
      if (action !== 'call' && this.reflector.getAllAndOverride<boolean | undefined>(LIMIT_AS_CALL, targets)) {
        await this.count(response, { action: 'call', subject: callerSubject(request), request, profile });
      }
      await this.count(response, { action, subject: callerSubject(request), request, profile });
      return true;
    }
    // Five attempts for each account would let one IP address try all accounts, so it also counts as a call of the IP
    // address.
    await this.count(response, { action: 'call', subject: subjectOfIp(request.ip), request, profile });
    const subject = loginSubject(request.ip, accountNamed(request.body));
    await this.count(response, { action, subject, request, profile });
    return true;
  }

  private async count(response: ServerResponse, hit: Hit): Promise<void> {
    const { limit, windowMs } = this.limits.ruleFor(hit.action, hit.request.actor?.role ?? 'user', hit.profile);
    const record = await this.storage.increment(hit.subject, windowMs, limit, 0, hit.action);
    if (isTighter(response, record)) setHeaders(response, limit, record);
    if (!record.isBlocked) return;
    const spent = { action: hit.action, limit, windowSeconds: windowMs / 1000, resetAt: record.resetAt };
    throw new RateLimitExceeded(record.timeToBlockExpire, spent);
  }
}

interface Hit {
  readonly action: LimitAction;
  readonly subject: string;
  readonly request: LimitedRequest;
  readonly profile: LimitProfile | undefined;
}

/** Whether this limit is tighter than the one in the headers: of two limits the headers present the tighter one. */
function isTighter(response: ServerResponse, { isBlocked, remaining }: LimitRecord): boolean {
  const present = response.getHeader('X-RateLimit-Remaining');
  return isBlocked || present === undefined || remaining < Number(present);
}

function setHeaders(response: ServerResponse, limit: number, record: LimitRecord): void {
  response.setHeader('X-RateLimit-Limit', limit);
  response.setHeader('X-RateLimit-Remaining', record.remaining);
  response.setHeader('X-RateLimit-Reset', record.resetAt);
  if (record.isBlocked) response.setHeader('Retry-After', record.timeToBlockExpire);
}
