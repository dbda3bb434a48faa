import { createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type ProtectedHeaderParameters,
} from 'jose';
import { Config } from '../../platform/config/config.js';
import { externalIssuers } from '../../platform/config/external-issuers.js';
import { AuthenticationRequired, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { isExternalId } from '../../platform/validation/user-references.js';
import { MAX_TOKEN_LENGTH } from './access-tokens.js';
import { type ExternalClaims, hasForbiddenHeader, MAX_SKEW_SECONDS, sessionIdOf, textOf } from './external-claims.js';
import { VerifiedTokens } from './verified-tokens.js';

/** The algorithms of published keys. */
const ASYMMETRIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const JWKS_TIMEOUT_MS = 3000;
const ID_MAX = 255;
/**
 * How long a verified token is accepted without being verified again. `jose` keeps the keys of a provider for ten
 * minutes, so the tokens of a key that the provider withdraws are refused after at most eleven.
 */
const TRUST_MS = 60_000;

/** What verifies the tokens of one provider: for each kind of algorithm the keys that only it may use. */
interface Verifier {
  readonly audience: string;
  /** Whether the subjects are ids of users in the host product. */
  readonly hasExternalIds: boolean;
  readonly publishedKeys: JWTVerifyGetKey | undefined;
  readonly secret: KeyObject | undefined;
}

/**
 * Verifies access tokens of the configured identity providers. The issuer decides which keys are tried, and the kind of
 * a key which algorithms are accepted (RFC 8725, 3.1): a published key never verifies an HMAC, and the shared secret
 * nothing else.
 */
@Injectable()
export class ExternalTokens {
  private readonly verifiers = new Map<string, Verifier>();
  private readonly verified = new VerifiedTokens<ExternalClaims>();

  constructor(config: Config) {
    for (const { issuer, audience, hasExternalIds, jwksUrl, secret } of externalIssuers(config)) {
      this.verifiers.set(issuer, {
        audience,
        hasExternalIds,
        publishedKeys: jwksUrl ? createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: JWKS_TIMEOUT_MS }) : undefined,
        secret: secret ? createSecretKey(Buffer.from(secret)) : undefined,
      });
    }
  }

  /** Whether the token claims to be from a provider. Only `verify` proves it. */
  recognises(token: string): boolean {
    if (this.verifiers.size === 0 || token.length > MAX_TOKEN_LENGTH) return false;
    return this.verified.find(token) !== undefined || this.verifierOf(token) !== undefined;
  }

  /** @throws AuthenticationRequired, ServiceUnavailable when the provider's keys cannot be loaded */
  async verify(token: string): Promise<ExternalClaims> {
    const known = this.verified.find(token);
    if (known) return known;
    try {
      const claims = await this.verifyWith(this.verifierOf(token), token);
      this.verified.add(token, claims, Math.min(claims.expiresAt.getTime(), Date.now() + TRUST_MS));
      return claims;
    } catch (error) {
      throw toAuthError(error);
    }
  }

  private async verifyWith(verifier: Verifier | undefined, token: string): Promise<ExternalClaims> {
    const header = headerOf(token);
    if (!verifier || hasForbiddenHeader(header)) throw new AuthenticationRequired();
    const { audience, hasExternalIds, publishedKeys, secret } = verifier;
    const options = { audience, clockTolerance: MAX_SKEW_SECONDS, requiredClaims: ['iss', 'sub', 'iat', 'exp'] };
    const isShared = secret !== undefined && header.alg === 'HS256';
    if (!isShared && !publishedKeys) throw new AuthenticationRequired();
    const { payload } = isShared
      ? await jwtVerify(token, secret, { ...options, algorithms: ['HS256'] })
      : await jwtVerify(token, publishedKeys!, { ...options, algorithms: ASYMMETRIC_ALGORITHMS });
    return toClaims(payload, hasExternalIds);
  }

  /** The verifier of the issuer that the token names. */
  private verifierOf(token: string): Verifier | undefined {
    try {
      return this.verifiers.get(decodeJwt(token).iss ?? '');
    } catch {
      return undefined;
    }
  }
}

/** @throws AuthenticationRequired */
function headerOf(token: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw new AuthenticationRequired();
  }
}

function toClaims(payload: JWTPayload, hasExternalIds: boolean): ExternalClaims {
  const { iss, sub, iat, exp } = payload;
  const issuer = requireId(iss);
  const subject = requireId(sub);
  const now = Date.now() / 1000;
  // The provider's clock may be ahead by the skew, so `nbf` and `iat` may be that far in the future. The skew does not
  // apply to `exp`: a token that expired within the skew would be accepted although its session has ended.
  if (exp! <= now) throw new AuthenticationRequired({ token_expired: true });
  if (iat! > now + MAX_SKEW_SECONDS) throw new AuthenticationRequired();
  const profile = profileOf(payload.user_metadata);
  return {
    sessionId: sessionIdOf(`${issuer}\n${subject}`, payload),
    issuer,
    subject,
    externalId: hasExternalIds && isExternalId(subject) ? subject : undefined,
    signedBy: undefined,
    issuedAt: new Date(iat! * 1000),
    expiresAt: new Date(exp! * 1000),
    name: textOf(payload.name) ?? textOf(profile.full_name) ?? textOf(profile.name),
    picture: textOf(payload.picture) ?? textOf(profile.avatar_url) ?? textOf(profile.picture),
    username: textOf(payload.preferred_username),
    email: payload.email_verified === true ? textOf(payload.email) : undefined,
    role: undefined,
  };
}

/** Supabase stores the profile of a user in an object of its own. */
function profileOf(metadata: unknown): Record<string, unknown> {
  return typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {};
}

function requireId(value: unknown): string {
  const text = textOf(value);
  if (!text || text.length > ID_MAX) throw new AuthenticationRequired();
  return text;
}

/** The error of a token that `jose` did not verify; a provider whose keys are unavailable is not its fault. */
export function toAuthError(error: unknown): Error {
  if (error instanceof AuthenticationRequired) return error;
  if (error instanceof errors.JWTExpired) return new AuthenticationRequired({ token_expired: true });
  const isTheTokensFault =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== 'ERR_JOSE_GENERIC';
  if (isTheTokensFault) return new AuthenticationRequired();
  return new ServiceUnavailable(undefined, { cause: error });
}
