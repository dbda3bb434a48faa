import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { AuthenticationRequired, PermissionDenied, ValidationError } from '../../platform/errors/app-error.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { isGuest } from '../users/guest.constants.js';
import { isServer, SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { UserNotFound } from '../users/users.errors.js';
import { requireMayActAs } from '../users/users.policy.js';
import { UsersService } from '../users/users.service.js';
import { AccessTokens } from './access-tokens.js';
import type { MintedTokenDto, MintTokenDto } from './auth.dto.js';
import { ExternalIdentitiesRepository } from './external-identities.repository.js';
import { SessionIssuer } from './session-issuer.js';
import { SessionsRepository } from './sessions.repository.js';

const DEVICE = 'host product';

/** Issues access tokens of users to the backend of the host. The session of such a token also ends with its key. */
@Injectable()
export class MintTokens {
  constructor(
    private readonly users: UsersService,
    private readonly identities: ExternalIdentitiesRepository,
    private readonly sessions: SessionsRepository,
    private readonly issuer: SessionIssuer,
    private readonly tokens: AccessTokens,
    private readonly log: EventLog,
    private readonly config: Config,
  ) {}

  /** @throws AuthenticationRequired, PermissionDenied, UserNotFound, ValidationError */
  async mint(actor: Actor, userId: string, { expires_in, device = DEVICE }: MintTokenDto): Promise<MintedTokenDto> {
    const { serverKey } = actor;
    if (!serverKey || !isServer(actor)) throw new PermissionDenied('Only a server key can mint tokens.');
    if (userId === SYSTEM_USER_ID || isGuest({ userId })) {
      throw new PermissionDenied('No token is minted for an account of the server.');
    }
    const ttlSeconds = this.requireLifetime(expires_in);
    const sessionId = newId();
    const isOpened = await this.log.write(userId, async (tx) => {
      if (!(await this.identities.lockKey(tx, serverKey.id))) throw new AuthenticationRequired();
      requireMayActAs(serverKey, (await this.users.requireUser(userId, tx)).role);
      const session = { id: sessionId, userId, userAgent: device, ip: '', ttlSeconds, issuedBy: serverKey.id };
      await this.sessions.insert(tx, session);
      return true;
    });
    if (!isOpened) throw new UserNotFound();
    await this.issuer.enforceSessionLimit(userId);
    return {
      access_token: this.tokens.sign({ userId, sessionId, ttlSeconds }),
      token_type: 'Bearer',
      expires_in: ttlSeconds,
      session_id: sessionId,
      user_id: userId,
    };
  }

  private requireLifetime(seconds: number = this.config.jwtAccessTtl): number {
    const { hostTokenMaxTtl } = this.config;
    if (seconds > hostTokenMaxTtl) throw ValidationError.of('expires_in', `must be at most ${hostTokenMaxTtl}`);
    return seconds;
  }
}
