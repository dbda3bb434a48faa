import { Injectable } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { ExternalLogin } from './external-login.js';
import { ExternalTokens } from './external-tokens.js';

/** The claims of a valid token. */
export interface TokenClaims {
  readonly sessionId: string;
  /** Undefined for a token of the identity provider, which does not know our users. */
  readonly userId: string | undefined;
  /** Identifies one identity: two identities must never share a cached session. */
  readonly identityKey: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
  /** Epoch seconds; only for tokens of the identity provider. */
  readonly issuedAt?: number;
  /**
   * Only for sessions that the identity provider opens: ensures that the session exists. @throws AuthenticationRequired
   */
  readonly ensureSession?: () => Promise<void>;
}

/** Reads our own tokens and those of the identity provider. */
@Injectable()
export class TokenReader {
  constructor(
    private readonly own: AccessTokens,
    private readonly external: ExternalTokens,
    private readonly externalLogin: ExternalLogin,
  ) {}

  /** See `Authenticator.needsPassportVerification`. */
  needsPassportVerification(token: string): boolean {
    return !this.own.findVerified(token) && !this.external.recognises(token);
  }

  /** @throws AuthenticationRequired, ServiceUnavailable */
  async readToken(token: string): Promise<TokenClaims> {
    if (!this.external.recognises(token)) {
      const claims = this.own.verify(token);
      return { ...claims, identityKey: claims.userId };
    }
    const claims = await this.external.verify(token);
    return {
      sessionId: claims.sessionId,
      userId: undefined,
      identityKey: `${claims.issuer}\n${claims.subject}`,
      expiresAt: Math.floor(claims.expiresAt.getTime() / 1000),
      issuedAt: claims.issuedAt.getTime() / 1000,
      ensureSession: () => this.externalLogin.ensureSession(claims),
    };
  }
}
