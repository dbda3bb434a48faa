import type { SystemRole } from '../identity/actor.js';

/** The numbers of a limit: how often one subject may act in any window of `windowSeconds`, by role. */
export interface LimitNumbers {
  readonly byRole: Readonly<Record<SystemRole, number>>;
  readonly windowSeconds: number;
  /** In a profile: settings of the environment for this limit also apply to the routes of the profile. */
  readonly isOverridable?: boolean;
}

interface LimitDeclaration extends LimitNumbers {
  /** The first part of its names in the environment; see LIMIT_VARIABLES. */
  readonly environment: string;
  readonly description: string;
}

/** The same number for all roles, or higher numbers for moderators and admins. */
export function perRole(everyone: number, moderator = everyone, admin = moderator): LimitNumbers['byRole'] {
  return { user: everyone, student: everyone, teacher: everyone, moderator, admin };
}

/** Every rate limit. Routes, frames, headers, environment and documentation are derived from this table. */
export const LIMITS = {
  'message.send': {
    byRole: perRole(60, 120, 300),
    windowSeconds: 60,
    environment: 'LIMIT_MESSAGE_SEND',
    description: 'Messages one user may send or edit.',
  },
  'conversation.create': {
    byRole: perRole(20, 40, 100),
    windowSeconds: 300,
    environment: 'LIMIT_CONVERSATION_CREATE',
    description: 'Conversations one user may create.',
  },
  upload: {
    byRole: perRole(20, 40, 100),
    windowSeconds: 60,
    environment: 'LIMIT_UPLOAD',
    description: 'Files one user may upload.',
  },
  report: {
    byRole: perRole(20, 100, 100),
    windowSeconds: 3600,
    environment: 'LIMIT_REPORT',
    description: 'Reports one user may submit.',
  },
  typing: {
    byRole: perRole(30),
    windowSeconds: 60,
    environment: 'LIMIT_TYPING',
    description: 'Typing signals one user may send.',
  },
  connect: {
    byRole: perRole(10, 10, 30),
    windowSeconds: 60,
    environment: 'LIMIT_CONNECT',
    description: 'Sockets one user may open.',
  },
  'connect.ip': {
    byRole: perRole(100),
    windowSeconds: 60,
    environment: 'LIMIT_CONNECT_IP',
    description: 'Sockets one IP address may open.',
  },
  call: {
    byRole: perRole(300, 300, 1000),
    windowSeconds: 60,
    environment: 'LIMIT_CALL',
    description: 'Other calls that one user, or one IP address without a credential, may make.',
  },
  export: {
    byRole: perRole(3, 10, 60),
    windowSeconds: 3600,
    environment: 'LIMIT_EXPORT',
    description: 'Data exports of an account that one user may request.',
  },
  'webhook.verification': {
    byRole: perRole(20),
    windowSeconds: 3600,
    environment: 'LIMIT_WEBHOOK_VERIFICATION',
    description: 'New webhook URLs that one user may have verified.',
  },
  'webhook.verification.host': {
    byRole: perRole(200),
    windowSeconds: 3600,
    environment: 'LIMIT_WEBHOOK_VERIFICATION_HOST',
    description: 'New webhook URLs at one host that all users together may have verified.',
  },
  login: {
    byRole: perRole(5),
    windowSeconds: 60,
    environment: 'LIMIT_LOGIN',
    description: 'Logins and refreshes of one account from one IP address.',
  },
  'login.failed': {
    byRole: perRole(30),
    windowSeconds: 60,
    environment: 'LIMIT_LOGIN_FAILED',
    description: 'Failed logins from one IP address, for all accounts together; known devices do not count.',
  },
} as const satisfies Record<string, LimitDeclaration>;

export type LimitAction = keyof typeof LIMITS;

/** Numbers that replace those of LIMITS on some routes, with the same counters. */
export type LimitProfile = Partial<Readonly<Record<LimitAction, LimitNumbers>>>;

/**
 * The part of the configuration that the limits read. `limitOverrides` maps a name of LIMIT_VARIABLES to its number.
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

function variablesOf({ byRole, windowSeconds, environment, description }: LimitDeclaration): LimitVariable[] {
  return [
    { name: environment, fallback: byRole.user, description },
    { name: `${environment}_MODERATOR`, fallback: byRole.moderator, description: `${description} For moderators.` },
    { name: `${environment}_ADMIN`, fallback: byRole.admin, description: `${description} For admins.` },
    { name: `${environment}_WINDOW`, fallback: windowSeconds, description: `${description} The window, in seconds.` },
  ];
}

/** The name in the environment, the default and the description of every number of LIMITS. */
export const LIMIT_VARIABLES: readonly LimitVariable[] = Object.values(LIMITS).flatMap(variablesOf);

/**
 * Returns how often `role` may do `action`, and in which window. The multiplier scales the number, never the window; a
 * limit is at least 1, so that no multiplier locks all users out.
 */
export function limitFor(
  action: LimitAction,
  role: SystemRole,
  settings: LimitSettings,
  profile?: LimitProfile,
): LimitRule {
  const own = profile?.[action];
  const { byRole, windowSeconds } = own ?? LIMITS[action];
  const { environment } = LIMITS[action];
  const overrides = own && !own.isOverridable ? undefined : settings.limitOverrides;
  const limit = overrides?.get(environment + tierOf(role)) ?? byRole[role];
  const window = overrides?.get(`${environment}_WINDOW`) ?? windowSeconds;
  return { limit: Math.max(1, Math.floor(limit * settings.rateLimitMultiplier)), windowMs: window * 1000 };
}
