import { Injectable } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { ExternalLogin } from './external-login.js';
import { ExternalTokens } from './external-tokens.js';
import { HostTokens } from './host-tokens.js';

/** The claims of a valid token. */
export interface TokenClaims {
  readonly sessionId: string;
  /** Undefined for a token of an identity provider or of the host, which do not know our ids of users. */
  readonly userId: string | undefined;
  /** Identifies one identity: two identities must never share a cached session. */
  readonly identityKey: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
  /** Epoch seconds; only for tokens of an identity provider or of the host. */
  readonly issuedAt?: number;
  /**
   * Only for sessions that an identity provider or the host opens: ensures that the session exists.
   * @throws AuthenticationRequired
   */
  readonly ensureSession?: () => Promise<void>;
}

/** Reads our own tokens, those of identity providers, and those that the host signs. */
@Injectable()
export class TokenReader {
  constructor(
    private readonly own: AccessTokens,
    private readonly external: ExternalTokens,
    private readonly host: HostTokens,
    private readonly externalLogin: ExternalLogin,
  ) {}

  /** See `Authenticator.needsPassportVerification`. */
  needsPassportVerification(token: string): boolean {
    return !this.own.findVerified(token) && !this.verifierOf(token);
  }

  /** @throws AuthenticationRequired, ServiceUnavailable */
  async readToken(token: string): Promise<TokenClaims> {
    const known = this.own.findVerified(token);
    if (known) return { ...known, identityKey: known.userId };
    const verifier = this.verifierOf(token);
    if (!verifier) {
      const claims = this.own.verify(token);
      return { ...claims, identityKey: claims.userId };
    }
    const claims = await verifier.verify(token);
    return {
      sessionId: claims.sessionId,
      userId: undefined,
      identityKey: `${claims.issuer ?? claims.signedBy?.id}\n${claims.subject}`,
      expiresAt: Math.floor(claims.expiresAt.getTime() / 1000),
      issuedAt: claims.issuedAt.getTime() / 1000,
      ensureSession: () => this.externalLogin.ensureSession(claims),
    };
  }

  /** What verifies a token that is not our own. */
  private verifierOf(token: string): ExternalTokens | HostTokens | undefined {
    if (this.external.recognises(token)) return this.external;
    return this.host.recognises(token) ? this.host : undefined;
  }
}
