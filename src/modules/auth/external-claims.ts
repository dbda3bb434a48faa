import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { SystemRole } from '../../platform/identity/actor.js';
import type { Scope } from '../../platform/identity/server-key.js';
import { isStorable } from '../../platform/validation/text.js';

/**
 * Header members by which a token could choose its own verification key, or ask for something that is not supported.
 */
const FORBIDDEN_HEADERS = ['jku', 'jwk', 'x5u', 'x5c', 'crit'];
/** The clock of the issuer may be ahead by this much. */
export const MAX_SKEW_SECONDS = 30;

/** The system roles that the host may state in a token. */
export const CLAIMED_ROLES = ['user', 'teacher', 'student'] as const satisfies readonly SystemRole[];
export type ClaimedRole = (typeof CLAIMED_ROLES)[number];

/** The key of the host that signed a token. */
export interface SigningKeyIdentity {
  readonly id: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** What a verified token of an identity provider or of the host states. */
export interface ExternalClaims {
  /** The same for the same token, and for all tokens of one login if the issuer names logins. */
  readonly sessionId: string;
  /** The identity provider; undefined for a token that the host signs. */
  readonly issuer: string | undefined;
  readonly subject: string;
  /** The id of the user in the host product, if the subject is one. */
  readonly externalId: string | undefined;
  /** Undefined for a token of an identity provider. */
  readonly signedBy: SigningKeyIdentity | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly name: string | undefined;
  readonly picture: string | undefined;
  readonly username: string | undefined;
  /** Only if the issuer states that it is verified. */
  readonly email: string | undefined;
  /** Only of tokens that the host signs. */
  readonly role: ClaimedRole | undefined;
}

/** Whether a header names a key or an extension; no such token is accepted. */
export function hasForbiddenHeader(header: object): boolean {
  return FORBIDDEN_HEADERS.some((name) => name in header);
}

/** The id of the session that the tokens of one login share: the login, or else the token, or else its second. */
export function sessionIdOf(owner: string, { sid, session_id, jti, iat }: JWTPayload): string {
  const login = [sid, session_id, jti].find((id) => typeof id === 'string' && id !== '') ?? iat;
  return uuidOf(`${owner}\n${String(login)}`);
}

/** Returns text that can be stored. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && isStorable(value) ? value : undefined;
}

/** A UUID (version 8) derived from a hash. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
