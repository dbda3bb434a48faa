import type { ServerKey } from './server-key.js';

/** System roles of users, as stored. */
export const SYSTEM_ROLES = ['admin', 'moderator', 'teacher', 'student', 'user'] as const;
export type SystemRole = (typeof SYSTEM_ROLES)[number];

/**
 * The authenticated user of a request or frame. It is derived only from the credential, never from a header, a body or
 * a URL. `role` and the state of the session are read from the database, at most 5 s old (0 s inside a write's
 * transaction).
 */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: SystemRole;
  readonly username: string;
  readonly displayName: string;
  /** Epoch seconds at which the credential expires. */
  readonly expiresAt: number;
  /** Epoch seconds at which an identity provider or the host issued the user's token; absent for every other one. */
  readonly issuedAt?: number;
  /** The hash of the user's session key, in hexadecimal digits; absent for every other credential. */
  readonly keyId?: string;
  /**
   * For an account that many share: the key that rate limits count instead of the user. Caps of one user do not apply.
   */
  readonly rateLimitKey?: string;
  /**
   * The server key of the call; absent for every other credential. The user is then the system account or, with
   * `X-Act-As`, the user as whom the key acts.
   */
  readonly serverKey?: ServerKey;
  /** The id of the HTTP request; absent for frames. */
  readonly requestId?: string;
  /** The reason the user gives (`X-Audit-Log-Reason`) for a call that has no field for it. */
  readonly auditReason?: string;
}

/** The server key of a call that the backend of the host makes itself, not as a user. */
export function ownServerKeyOf({ serverKey }: Pick<Actor, 'serverKey'>): ServerKey | undefined {
  return serverKey?.actsAsUser === false ? serverKey : undefined;
}

/**
 * Whether a key may act as users of this system role: never as admins, because admins create keys, so that this would
 * give the key every right.
 */
export function mayActAs({ scopes }: Pick<ServerKey, 'scopes'>, role: SystemRole): boolean {
  return role !== 'admin' && (role !== 'moderator' || scopes.has('moderation'));
}
