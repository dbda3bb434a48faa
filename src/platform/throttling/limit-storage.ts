import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { RateLimiter } from './rate-limiter.js';

type StoredRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** The record of @nestjs/throttler, with the fields that our headers also need. */
export interface LimitRecord extends StoredRecord {
  readonly remaining: number;
  /** Epoch seconds. */
  readonly resetAt: number;
}

/** Makes @nestjs/throttler count in our limiter: the throttler's name is that of the limit, the key is the subject. */
@Injectable()
export class LimitStorage implements ThrottlerStorage {
  constructor(private readonly limiter: RateLimiter) {}

  async increment(
    subject: string,
    windowMs: number,
    limit: number,
    _blockMs: number,
    limitName: string,
  ): Promise<LimitRecord> {
    const verdict = await this.limiter.consume(limitName, subject, { limit, windowMs });
    return {
      totalHits: limit - verdict.remaining,
      remaining: verdict.remaining,
      resetAt: verdict.resetAt,
      timeToExpire: Math.max(0, verdict.resetAt - Math.floor(Date.now() / 1000)),
      isBlocked: !verdict.allowed,
      timeToBlockExpire: verdict.retryAfterSeconds,
    };
  }
}
