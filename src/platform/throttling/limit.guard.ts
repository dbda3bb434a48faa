import type { ServerResponse } from 'node:http';
import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { getOptionsToken, ThrottlerGuard, type ThrottlerModuleOptions, type ThrottlerRequest } from '@nestjs/throttler';
import { RateLimitExceeded } from '../errors/app-error.js';
import { type LimitRecord, LimitStorage } from './limit-storage.js';
import {
  loginKeyOf,
  subjectOfIp,
  callerSubject,
  type LimitedRequest,
  loginSubject,
  subjectOfKey,
} from './limit-subject.js';
import { LIMIT_AS_CALL, LIMIT_PROFILE, RATE_LIMIT } from './limit.decorator.js';
import { CALL_LIMIT, type LimitProfile, type RateLimit, SERVER_KEY_LIMIT } from './limits.js';
import { Limits } from './limits.service.js';

/**
 * Applies the rate limits to every route. It runs after authentication, so that a user has one counter for all their IP
 * addresses; requests without a user are counted by IP address. Requests with a server key are counted by the key and,
 * if it acts as a user, also as that user's. All responses of a limited route have headers with the remaining calls.
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
    const rateLimit = this.reflector.getAllAndOverride<RateLimit | undefined>(RATE_LIMIT, targets) ?? CALL_LIMIT;
    const profile = this.reflector.getAllAndOverride<LimitProfile | undefined>(LIMIT_PROFILE, targets);
    if (rateLimit.countsNamedAccount) {
      await this.count(response, { rateLimit: CALL_LIMIT, subject: subjectOfIp(request.ip), request, profile });
      const subject = loginSubject(request.ip, loginKeyOf(request.body));
      await this.count(response, { rateLimit, subject, request, profile });
      return true;
    }
    const key = request.actor?.serverKey;
    if (key) {
      await this.count(response, { rateLimit: SERVER_KEY_LIMIT, subject: subjectOfKey(key), request, profile });
      if (!key.actsAsUser) return true;
    }
    const subject = callerSubject(request);
    if (rateLimit !== CALL_LIMIT && this.reflector.getAllAndOverride<boolean | undefined>(LIMIT_AS_CALL, targets)) {
      await this.count(response, { rateLimit: CALL_LIMIT, subject, request, profile });
    }
    await this.count(response, { rateLimit, subject, request, profile });
    return true;
  }

  private async count(response: ServerResponse, hit: Hit): Promise<void> {
    const { rateLimit, subject, request, profile } = hit;
    const { limit, windowMs } = this.limits.ruleFor(rateLimit, request.actor?.role ?? 'user', profile);
    const record = await this.storage.increment(subject, windowMs, limit, 0, rateLimit.name);
    if (isTighter(response, record)) setHeaders(response, limit, record);
    if (!record.isBlocked) return;
    const spent = { action: rateLimit.name, limit, windowSeconds: windowMs / 1000, resetAt: record.resetAt };
    throw new RateLimitExceeded(record.timeToBlockExpire, spent);
  }
}

interface Hit {
  readonly rateLimit: RateLimit;
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
