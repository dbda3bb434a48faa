import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import { requireUsable } from '../users/users.policy.js';
import { UsersService } from '../users/users.service.js';
import type { TokensDto } from './auth.dto.js';
import { RefreshTokenInvalid } from './auth.errors.js';
import type { LoginSource } from './login-source.js';
import { hashSecret, newSecret, decryptWith, encryptWith } from './secrets.js';
import { type OpenedSession, SessionIssuer } from './session-issuer.js';
import { SessionRevocation } from './session-revocation.js';
import { type RefreshTokenRow, SessionsRepository } from './sessions.repository.js';

/** How long a used token still returns its successor: a response may be lost, and tabs refresh together. */
const REUSE_GRACE_SECONDS = 20;

/**
 * Every refresh token works once and has one successor. A repeated token returns the same successor while that one is
 * unused and the first use is recent; otherwise two parties have it and the session ends.
 *
 * The successor is stored encrypted with a key derived from the used token. The database, which contains only hashes of
 * tokens, does not reveal any token.
 */
@Injectable()
export class SessionRefreshService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly revocation: SessionRevocation,
    private readonly issuer: SessionIssuer,
    private readonly users: UsersService,
  ) {}

  /** @throws RefreshTokenInvalid, AccountBanned */
  async refresh(refreshToken: string, source: LoginSource): Promise<TokensDto> {
    const outcome = await this.sessions.withLockedToken(hashSecret(refreshToken), REUSE_GRACE_SECONDS, (tx, token) =>
      this.rotate(tx, { token, refreshToken, source }),
    );
    if ('reused' in outcome) {
      const { user_id: userId, session_id: only } = outcome.reused;
      await this.revocation.revoke(userId, { only, reason: 'token_reused' });
      throw new RefreshTokenInvalid();
    }
    return this.issuer.issueTokens(outcome, await this.users.requireUser(outcome.userId));
  }

  private async rotate(
    tx: Queryable,
    { token, refreshToken, source }: { token: RefreshTokenRow | undefined; refreshToken: string; source: LoginSource },
  ): Promise<OpenedSession | { reused: RefreshTokenRow }> {
    if (!token || token.is_session_ended) throw new RefreshTokenInvalid();
    requireUsable(token);
    const session = { sessionId: token.session_id, userId: token.user_id, expiresAt: token.expires_at };
    if (token.used_at) {
      const mayReuse = token.is_within_grace && !token.is_successor_used && token.successor_box;
      return mayReuse
        ? { ...session, refreshToken: decryptWith(refreshToken, token.successor_box) }
        : { reused: token };
    }
    const successor = newSecret();
    await this.sessions.replaceToken(tx, hashSecret(refreshToken), {
      sessionId: token.session_id,
      hash: hashSecret(successor),
      ciphertext: encryptWith(refreshToken, successor),
      ip: source.ip,
    });
    return { ...session, refreshToken: successor };
  }
}
