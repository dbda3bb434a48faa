import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { RateLimitExceeded } from '../errors/app-error.js';
import type { Actor, SystemRole } from '../identity/actor.js';
import { subjectOfIp } from './limit-subject.js';
import { limitFor, type LimitAction, type LimitProfile, type LimitRule } from './limits.js';
import { type LimitVerdict, RateLimiter } from './rate-limiter.js';

/**
 * The rate limits of everything that is not a route: frames, connections, services. They share the counters of the
 * routes. In one process the result is synchronous; with Redis it is a promise, so callers always `await`.
 */
@Injectable()
export class Limits {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly config: Config,
  ) {}

  /** Counts one `action` of the actor. @throws RateLimitExceeded (also as a rejection) */
  check(action: LimitAction, actor: Actor, profile?: LimitProfile): void | Promise<void> {
    return this.checkSubject(action, actor.rateLimitKey ?? actor.userId, actor.role, profile);
  }

  /** Counts one `action` of an IP address, for a request without a user. @throws RateLimitExceeded */
  checkIp(action: LimitAction, ip: string | undefined, profile?: LimitProfile): void | Promise<void> {
    return this.checkSubject(action, subjectOfIp(ip), 'user', profile);
  }

  /**
   * Counts one `action` of any subject; see limit-subject.ts for the format of subjects.
   *
   * @throws RateLimitExceeded
   */
  checkSubject(
    action: LimitAction,
    subject: string,
    role: SystemRole = 'user',
    profile?: LimitProfile,
  ): void | Promise<void> {
    const rule = this.ruleFor(action, role, profile);
    const verdict = this.limiter.consume(action, subject, rule);
    if (verdict instanceof Promise) return verdict.then((resolved) => requireAllowed(action, rule, resolved));
    return requireAllowed(action, rule, verdict);
  }

  /** Removes the newest hit: a repeated request that was already processed costs nothing. */
  refund(action: LimitAction, actor: Actor): void | Promise<void> {
    return this.refundSubject(action, actor.rateLimitKey ?? actor.userId);
  }

  /** Removes the newest hit of any subject. */
  refundSubject(action: LimitAction, subject: string): void | Promise<void> {
    return this.limiter.refund(action, subject);
  }

  ruleFor(action: LimitAction, role: SystemRole, profile?: LimitProfile): LimitRule {
    return limitFor(action, role, this.config, profile);
  }
}

function requireAllowed(action: LimitAction, { limit, windowMs }: LimitRule, verdict: LimitVerdict): void {
  const { allowed, retryAfterSeconds, resetAt } = verdict;
  if (allowed) return;
  throw new RateLimitExceeded(retryAfterSeconds, { action, limit, windowSeconds: windowMs / 1000, resetAt });
}
