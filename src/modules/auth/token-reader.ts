import { Injectable } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { ExternalLogin } from './external-login.js';
import { ExternalTokens } from './external-tokens.js';

/** What a valid token says. */
export interface TokenClaims {
  readonly sessionId: string;
  /** Undefined for an identity provider's token: it does not know our users. */
  readonly userId: string | undefined;
  /** Stands for one identity: two of them must never share what is remembered of a session. */
  readonly owner: string;
  readonly expiresAt: number;
  /** Epoch seconds, of an identity provider's token. */
  readonly issuedAt?: number;
  /** For sessions somebody else opens: makes sure there is one. @throws AuthenticationRequired */
  readonly open?: () => Promise<void>;
}

/** Reads tokens of either making: our own, or the identity provider's. */
@Injectable()
export class TokenReader {
  constructor(
    private readonly own: AccessTokens,
    private readonly external: ExternalTokens,
    private readonly externalLogin: ExternalLogin,
  ) {}

  /** @throws AuthenticationRequired, ServiceUnavailable */
  async read(token: string): Promise<TokenClaims> {
    if (!this.external.recognises(token)) {
      const claims = this.own.verify(token);
      return { ...claims, owner: claims.userId };
    }
    const claims = await this.external.verify(token);
    return {
      sessionId: claims.sessionId,
      userId: undefined,
      owner: `${claims.issuer}\n${claims.subject}`,
      expiresAt: Math.floor(claims.expiresAt.getTime() / 1000),
      issuedAt: claims.issuedAt.getTime() / 1000,
      open: () => this.externalLogin.open(claims),
    };
  }
}
