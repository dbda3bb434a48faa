import { Injectable } from '@nestjs/common';
import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { Config } from '../../platform/config/config.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import { isUuid } from '../../platform/validation/fields.js';
import { isExternalId } from '../../platform/validation/user-references.js';
import { MAX_TOKEN_LENGTH } from './access-tokens.js';
import {
  CLAIMED_ROLES,
  type ClaimedRole,
  type ExternalClaims,
  hasForbiddenHeader,
  MAX_SKEW_SECONDS,
  sessionIdOf,
  textOf,
} from './external-claims.js';
import { type SigningKey, SigningKeys } from './signing-keys.js';
import { VerifiedTokens } from './verified-tokens.js';

/** The audience that a token may name; it need not name one. */
const AUDIENCE = 'parley';

/**
 * Verifies tokens that the host signs itself, with HS256 and a signing key: `kid` is the id of the key, `sub` the
 * external id of the user. Once the signature is right, an error says what is wrong with the claims: only the host can
 * make such a token.
 */
@Injectable()
export class HostTokens {
  private readonly verified = new VerifiedTokens<ExternalClaims>();

  constructor(
    private readonly keys: SigningKeys,
    private readonly config: Config,
  ) {}

  /** Whether the token names the id of a signing key. Only `verify` proves that this key has signed it. */
  recognises(token: string): boolean {
    if (token.length > MAX_TOKEN_LENGTH) return false;
    return this.verified.find(token) !== undefined || keyIdOf(token) !== undefined;
  }

  /** @throws AuthenticationRequired */
  async verify(token: string): Promise<ExternalClaims> {
    const known = this.verified.find(token);
    if (known) return known;
    const key = await this.keys.find(keyIdOf(token) ?? '');
    if (!key) throw new AuthenticationRequired();
    const claims = this.claimsOf(await payloadOf(token, key), key);
    this.verified.add(token, claims, claims.expiresAt.getTime());
    return claims;
  }

  private claimsOf(payload: JWTPayload, key: SigningKey): ExternalClaims {
    const { sub, iat, exp, role } = payload;
    const reason = this.problemOf(payload);
    if (reason !== undefined) throw new AuthenticationRequired({ reason });
    const expiresAt = new Date(Math.min(exp! * 1000, key.expiresAt?.getTime() ?? Infinity));
    return {
      sessionId: sessionIdOf(`key ${key.id}\n${sub}`, payload),
      issuer: undefined,
      subject: sub!,
      externalId: sub!,
      signedBy: key,
      issuedAt: new Date(iat! * 1000),
      expiresAt,
      name: textOf(payload.name),
      picture: textOf(payload.picture),
      username: undefined,
      email: undefined,
      role: role as ClaimedRole | undefined,
    };
  }

  private problemOf({ sub, iat, exp, aud, role }: JWTPayload): string | undefined {
    const maxSeconds = this.config.hostTokenMaxTtl;
    if (textOf(sub) === undefined || !isExternalId(sub!)) return 'sub must be the external id of a user';
    if (iat === undefined || exp === undefined) return 'iat and exp are required';
    if (iat > Date.now() / 1000 + MAX_SKEW_SECONDS) return 'iat is in the future';
    if (exp - iat > maxSeconds) return `exp must be at most ${maxSeconds} seconds after iat`;
    if (aud !== undefined && ![aud].flat().includes(AUDIENCE)) return `aud must be ${AUDIENCE}, or left out`;
    if (role !== undefined && !CLAIMED_ROLES.some((known) => known === role)) {
      return `role must be one of ${CLAIMED_ROLES.join(', ')}, or left out`;
    }
    return undefined;
  }
}

/** The id of the signing key that a token names. */
function keyIdOf(token: string): string | undefined {
  try {
    const header = decodeProtectedHeader(token);
    return header.alg === 'HS256' && isUuid(header.kid) && !hasForbiddenHeader(header) ? header.kid : undefined;
  } catch {
    return undefined;
  }
}

/** Verifies the signature, and that the token is valid now. @throws AuthenticationRequired */
async function payloadOf(token: string, { secret }: SigningKey): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, secret, { algorithms: ['HS256'] })).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AuthenticationRequired({ token_expired: true });
    const isVerified = error instanceof errors.JWTClaimValidationFailed;
    throw new AuthenticationRequired(isVerified ? { reason: `${error.claim} is not valid` } : {});
  }
}
