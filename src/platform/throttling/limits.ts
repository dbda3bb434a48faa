import type { SystemRole } from '../identity/actor.js';
import type { PriorityClass } from './priority.decorator.js';

/** The numbers of a limit: how often one subject may act in any window of `windowSeconds`, by role. */
export interface LimitNumbers {
  readonly byRole: Readonly<Record<SystemRole, number>>;
  readonly windowSeconds: number;
  /** In a profile: settings of the environment for this limit also apply to the routes of the profile. */
  readonly isOverridable?: boolean;
}

/** A rate limit. `name` is its counter, and what errors and metrics call it. */
export interface RateLimit<Name extends string = string> extends LimitNumbers {
  readonly name: Name;
  /** The first part of its names in the environment; see `limitVariables`. */
  readonly environment: string;
  readonly description: string;
  /**
   * Whether a route with this limit counts the account that its body names, together with the IP address, and the
   * request as a call of the IP address. By default the user is counted or, without one, the IP address.
   */
  readonly countsNamedAccount?: boolean;
  /** The priority under overload of the routes and frames with this limit, if they declare none. */
  readonly priority?: PriorityClass;
}

/**
 * Declares a rate limit, for `@Limit`, `@OnFrame` and `Limits`. Modules declare theirs in `<module>.limits.ts`; the
 * application lists all of them in `src/rate-limits.ts`, from which the environment and the documentation are derived.
 */
export function defineLimit<const Name extends string>(
  name: Name,
  declaration: Omit<RateLimit, 'name'>,
): RateLimit<Name> {
  return { name, ...declaration };
}

/** The same number for all roles, or other numbers for moderators and for admins (by default that of moderators). */
export function perRole(
  everyone: number,
  { moderator = everyone, admin = moderator }: { moderator?: number; admin?: number } = {},
): LimitNumbers['byRole'] {
  return { user: everyone, student: everyone, teacher: everyone, moderator, admin };
}

/** The limit of every route and frame that declares no other. */
export const CALL_LIMIT = defineLimit('call', {
  byRole: perRole(300, { admin: 1000 }),
  windowSeconds: 60,
  environment: 'LIMIT_CALL',
  description: 'Other calls that one user, or one IP address without a credential, may make.',
});

export const CONNECT_LIMIT = defineLimit('connect', {
  byRole: perRole(10, { admin: 30 }),
  windowSeconds: 60,
  environment: 'LIMIT_CONNECT',
  description: 'Sockets one user may open.',
});

export const CONNECT_IP_LIMIT = defineLimit('connect.ip', {
  byRole: perRole(100),
  windowSeconds: 60,
  environment: 'LIMIT_CONNECT_IP',
  description: 'Sockets one IP address may open.',
});

export const SERVER_KEY_LIMIT = defineLimit('server-key', {
  byRole: perRole(1000),
  windowSeconds: 60,
  environment: 'LIMIT_SERVER_KEY',
  description: 'Calls with one server key, of all routes and frames together.',
});

/** Numbers that replace those of limits on some routes, by the name of the limit. The counters stay the same. */
export type LimitProfile = Readonly<Record<string, LimitNumbers | undefined>>;

/**
 * The part of the configuration that the limits read. `limitOverrides` maps a name of `limitVariables` to its number.
 */
export interface LimitSettings {
  readonly rateLimitMultiplier: number;
  readonly limitOverrides?: ReadonlyMap<string, number>;
}

export interface LimitRule {
  readonly limit: number;
  readonly windowMs: number;
}

export interface LimitVariable {
  readonly name: string;
  readonly fallback: number;
  readonly description: string;
}

type Tier = '' | '_MODERATOR' | '_ADMIN';

function tierOf(role: SystemRole): Tier {
  return role === 'admin' ? '_ADMIN' : role === 'moderator' ? '_MODERATOR' : '';
}

/** Returns the name in the environment, the default and the description of every number of these limits. */
export function limitVariables(limits: readonly RateLimit[]): LimitVariable[] {
  return limits.flatMap(({ byRole, windowSeconds, environment, description }) => [
    { name: environment, fallback: byRole.user, description },
    { name: `${environment}_MODERATOR`, fallback: byRole.moderator, description: `${description} For moderators.` },
    { name: `${environment}_ADMIN`, fallback: byRole.admin, description: `${description} For admins.` },
    { name: `${environment}_WINDOW`, fallback: windowSeconds, description: `${description} The window, in seconds.` },
  ]);
}

/**
 * Returns how often `role` may do what `rateLimit` limits, and in which window. The multiplier scales the number, never
 * the window; a limit is at least 1, so that no multiplier locks all users out.
 */
export function ruleOf(
  rateLimit: RateLimit,
  role: SystemRole,
  settings: LimitSettings,
  profile?: LimitProfile,
): LimitRule {
  const own = profile?.[rateLimit.name];
  const { byRole, windowSeconds } = own ?? rateLimit;
  const { environment } = rateLimit;
  const overrides = own && !own.isOverridable ? undefined : settings.limitOverrides;
  const limit = overrides?.get(environment + tierOf(role)) ?? byRole[role];
  const window = overrides?.get(`${environment}_WINDOW`) ?? windowSeconds;
  return { limit: Math.max(1, Math.floor(limit * settings.rateLimitMultiplier)), windowMs: window * 1000 };
}
