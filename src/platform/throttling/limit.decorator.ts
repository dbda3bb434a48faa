import { SetMetadata } from '@nestjs/common';
import type { LimitAction, LimitProfile } from './limits.js';

export const LIMIT_ACTION = Symbol('limit.action');
export const LIMIT_PROFILE = Symbol('limit.profile');
export const LIMIT_AS_CALL = Symbol('limit.as-call');

/** The action a call of this route (or of all routes of this controller) counts as; the default is `call`. */
export const Limit = (action: LimitAction): MethodDecorator & ClassDecorator => SetMetadata(LIMIT_ACTION, action);

/** A request to this route also counts as `call`, in addition to its own action. */
export const AlsoCountsAsCall = (): MethodDecorator & ClassDecorator => SetMetadata(LIMIT_AS_CALL, true);

/**
 * The limits of this route (or of all routes of this controller) instead of the general ones, with the same counters.
 */
export const RateLimitProfile = (profile: LimitProfile): MethodDecorator & ClassDecorator =>
  SetMetadata(LIMIT_PROFILE, profile);
