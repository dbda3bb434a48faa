import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { RateLimitExceeded } from '../errors/app-error.js';
import { type Actor, ownServerKeyOf, type SystemRole } from '../identity/actor.js';
import { subjectOfIp, subjectOfKey } from './limit-subject.js';
import { type LimitProfile, type LimitRule, type RateLimit, ruleOf, SERVER_KEY_LIMIT } from './limits.js';
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

  /**
   * Counts one hit of the actor; of the backend of the host, one call of its server key.
   * @throws RateLimitExceeded (also as a rejection)
   */
  check(limit: RateLimit, actor: Actor, profile?: LimitProfile): void | Promise<void> {
    const key = ownServerKeyOf(actor);
    if (key) return this.checkSubject(SERVER_KEY_LIMIT, subjectOfKey(key), actor.role);
    return this.checkSubject(limit, actor.rateLimitKey ?? actor.userId, actor.role, profile);
  }

  /** Counts one hit of an IP address, for a request without a user. @throws RateLimitExceeded */
  checkIp(limit: RateLimit, ip: string | undefined, profile?: LimitProfile): void | Promise<void> {
    return this.checkSubject(limit, subjectOfIp(ip), 'user', profile);
  }

  /**
   * Counts one hit of any subject; see limit-subject.ts for the format of subjects.
   *
   * @throws RateLimitExceeded
   */
  checkSubject(
    limit: RateLimit,
    subject: string,
    role: SystemRole = 'user',
    profile?: LimitProfile,
  ): void | Promise<void> {
    const rule = this.ruleFor(limit, role, profile);
    const verdict = this.limiter.consume(limit.name, subject, rule);
    if (verdict instanceof Promise) return verdict.then((resolved) => requireAllowed(limit, rule, resolved));
    return requireAllowed(limit, rule, verdict);
  }

  /** Removes the newest hit: a repeated request that was already processed costs nothing. */
  refund(limit: RateLimit, actor: Actor): void | Promise<void> {
    const key = ownServerKeyOf(actor);
    if (key) return this.refundSubject(SERVER_KEY_LIMIT, subjectOfKey(key));
    return this.refundSubject(limit, actor.rateLimitKey ?? actor.userId);
  }

  /** Removes the newest hit of any subject. */
  refundSubject(limit: RateLimit, subject: string): void | Promise<void> {
    return this.limiter.refund(limit.name, subject);
  }

  ruleFor(limit: RateLimit, role: SystemRole, profile?: LimitProfile): LimitRule {
    return ruleOf(limit, role, this.config, profile);
  }
}

function requireAllowed({ name }: RateLimit, { limit, windowMs }: LimitRule, verdict: LimitVerdict): void {
  const { allowed, retryAfterSeconds, resetAt } = verdict;
  if (allowed) return;
  throw new RateLimitExceeded(retryAfterSeconds, { action: name, limit, windowSeconds: windowMs / 1000, resetAt });
}
