import { SetMetadata } from '@nestjs/common';
import type { LimitProfile, RateLimit } from './limits.js';

export const RATE_LIMIT = Symbol('limit');
export const LIMIT_PROFILE = Symbol('limit.profile');
export const LIMIT_AS_CALL = Symbol('limit.as-call');

/** The rate limit of this route (or of all routes of this controller); the default is `CALL_LIMIT`. */
export const Limit = (limit: RateLimit): MethodDecorator & ClassDecorator => SetMetadata(RATE_LIMIT, limit);

/** A request to this route also counts as a call, in addition to its own limit. */
export const AlsoCountsAsCall = (): MethodDecorator & ClassDecorator => SetMetadata(LIMIT_AS_CALL, true);

/**
 * The limits of this route (or of all routes of this controller) instead of the general ones, with the same counters.
 */
export const RateLimitProfile = (profile: LimitProfile): MethodDecorator & ClassDecorator =>
  SetMetadata(LIMIT_PROFILE, profile);
