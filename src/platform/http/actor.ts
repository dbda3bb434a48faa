/** System roles of users, as stored. */
export const SYSTEM_ROLES = ['admin', 'moderator', 'teacher', 'student', 'user'] as const;
export type SystemRole = (typeof SYSTEM_ROLES)[number];

/**
 * Who acts. It comes from the credential alone, never from a header, a body or an address.
 * `role` and the state of the session are read from the database, at most 5 s old (0 s inside a write's transaction).
 */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: SystemRole;
  readonly username: string;
  readonly displayName: string;
  /** Epoch seconds at which the credential ends. */
  readonly expiresAt: number;
  /** Epoch seconds at which an identity provider issued the token the user acts by; absent for every other credential. */
  readonly issuedAt?: number;
  /** The session key the user acts by, as its hash in hexadecimal digits; absent for every other credential. */
  readonly keyId?: string;
  /** For an account many share: what limits count him as, instead of the user; no cap of one user holds for him. */
  readonly rateLimitKey?: string;
  /** The request he acts by; absent for what comes over a socket. */
  readonly requestId?: string;
  /** Why he acts, in his own words (`X-Audit-Log-Reason`), where the call itself has no place for it. */
  readonly auditReason?: string;
}
