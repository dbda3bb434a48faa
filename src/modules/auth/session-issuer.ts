import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Queryable } from '../../platform/database/sql.js';
import { newId } from '../../platform/database/ids.js';
import type { UserRow } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';
import { AccessTokens } from './access-tokens.js';
import type { TokensDto } from './auth.dto.js';
import type { LoginSource } from './login-source.js';
import { hashSecret, newSecret } from './secrets.js';
import { SessionRevocation } from './session-revocation.js';
import { SessionsRepository } from './sessions.repository.js';

export interface OpenedSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly refreshToken: string;
  readonly expiresAt: Date;
}

/** Opens sessions and creates the response for them. */
@Injectable()
export class SessionIssuer {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly tokens: AccessTokens,
    private readonly users: UsersService,
    private readonly revocation: SessionRevocation,
    private readonly config: Config,
  ) {}

  async openSession(
    tx: Queryable,
    userId: string,
    { ip, userAgent }: Pick<LoginSource, 'ip' | 'userAgent'>,
    ttlSeconds = this.config.jwtRefreshTtl,
  ): Promise<OpenedSession> {
    const sessionId = newId();
    const refreshToken = newSecret();
    await this.sessions.insert(tx, { id: sessionId, userId, ip, userAgent, ttlSeconds });
    await this.sessions.insertToken(tx, hashSecret(refreshToken), sessionId);
    return { sessionId, userId, refreshToken, expiresAt: new Date(Date.now() + ttlSeconds * 1000) };
  }

  /** Called after the commit of an opened session: if the user has too many sessions, ends those used longest ago. */
  async enforceSessionLimit(userId: string): Promise<void> {
    await this.revocation.revokeExcess(userId, this.config.sessionsMaxPerUser);
  }

  /** An access token never outlives its session. */
  async issueTokens(session: OpenedSession, user: UserRow): Promise<TokensDto> {
    const secondsLeft = Math.floor((session.expiresAt.getTime() - Date.now()) / 1000);
    const ttlSeconds = Math.max(1, Math.min(this.config.jwtAccessTtl, secondsLeft));
    const [userDto] = await this.users.present([user], { userId: user.id, role: user.role });
    return {
      access_token: this.tokens.sign({ userId: session.userId, sessionId: session.sessionId, ttlSeconds }),
      refresh_token: session.refreshToken,
      expires_in: ttlSeconds,
      token_type: 'Bearer',
      user: userDto!,
    };
  }
}
