import { SetMetadata } from '@nestjs/common';
import type { LimitAction, LimitProfile } from './limits.js';

export const LIMIT_ACTION = Symbol('limit.action');
export const LIMIT_PROFILE = Symbol('limit.profile');
export const LIMIT_AS_CALL = Symbol('limit.as-call');

/** What a call of this route (or of all routes of this controller) counts as; without it, it counts as `call`. */
export const Limit = (action: LimitAction): MethodDecorator & ClassDecorator => SetMetadata(LIMIT_ACTION, action);

/** A call of this route is one of the caller's calls as well, whatever else it counts as. */
export const AlsoCountsAsCall = (): MethodDecorator & ClassDecorator => SetMetadata(LIMIT_AS_CALL, true);

/** The numbers that hold on these addresses instead of the general ones, against the same counters. */
export const RateLimitProfile = (profile: LimitProfile): MethodDecorator & ClassDecorator =>
  SetMetadata(LIMIT_PROFILE, profile);
