import { Injectable } from '@nestjs/common';
import { foldLogin } from '../../platform/validation/login-name.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import type { UserRow } from '../users/users.dto.js';
import { requireUsable } from '../users/users.policy.js';
import { UsersService } from '../users/users.service.js';
import { type LoginResponseDto, type LoginDto, problemsOfLogin } from './auth.dto.js';
import { InvalidCredentials } from './auth.errors.js';
import { AuthRepository } from './auth.repository.js';
import type { LoginSource } from './login-source.js';
import { type LoginAttempt, LoginAttempts } from './login-attempts.js';
import { PasswordHasher } from './password-hasher.js';
import { hashSecret, newSecret } from './secrets.js';
import { SessionIssuer } from './session-issuer.js';

/**
 * Login by email or username. An unknown account and a wrong password have the same response and take the same steps:
 * the same statements and one hash, of a dummy if there is no account.
 */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly repository: AuthRepository,
    private readonly hasher: PasswordHasher,
    private readonly attempts: LoginAttempts,
    private readonly issuer: SessionIssuer,
  ) {}

  /**
   * @throws ValidationError, InvalidCredentials, AccountLocked, AccountBanned, RateLimitExceeded, ServiceUnavailable
   */
  async login(dto: LoginDto, source: LoginSource): Promise<LoginResponseDto> {
    throwProblems(problemsOfLogin(dto));
    const name = (dto.email ?? dto.username ?? dto.login)!;
    const user = await this.users.findByLogin(name);
    const deviceToken = await this.knownDevice(user, dto.device_token);
    const account = user ? `user:${user.id}` : foldLogin(name);
    const knownDeviceHash = deviceToken && hashSecret(deviceToken).toString('hex');
    const passwordHash = await this.requirePassword(user, dto.password, { account, knownDeviceHash, source });
    requireUsable(user!);
    return this.openSession(user!, { passwordHash, source, deviceToken: deviceToken ?? newSecret() });
  }

  private async knownDevice(user: UserRow | undefined, token: string | undefined): Promise<string | undefined> {
    if (!token) return undefined;
    return (await this.repository.knowsDevice(user?.id, hashSecret(token))) ? token : undefined;
  }

  /** Returns the stored hash that the password matches, or a new one if it was made with older parameters. */
  private async requirePassword(user: UserRow | undefined, password: string, attempt: LoginAttempt): Promise<string> {
    const reserved = await this.attempts.reserve(attempt);
    const stored = await this.repository.findPasswordHash(user?.id);
    let isRight: boolean;
    try {
      isRight = await this.hasher.matches(password, stored, this.attempts.requesterOf(attempt));
    } catch (error) {
      await reserved.cancelled();
      throw error;
    }
    if (!user || !stored || !isRight) throw new InvalidCredentials();
    await reserved.succeeded();
    if (this.hasher.isCurrent(stored)) return stored;
    const renewed = await this.hasher.hash(password);
    return (await this.repository.rehashPassword(user.id, stored, renewed)) ? renewed : stored;
  }

  private async openSession(
    user: UserRow,
    { passwordHash, source, deviceToken }: { passwordHash: string; source: LoginSource; deviceToken: string },
  ): Promise<LoginResponseDto> {
    const session = await this.repository.transaction(async (tx) => {
      // A concurrent password change ends all sessions and would miss this one.
      if (!(await this.repository.lockPassword(tx, user.id, passwordHash))) throw new InvalidCredentials();
      await this.repository.rememberDevice(tx, user.id, hashSecret(deviceToken));
      return this.issuer.openSession(tx, user.id, source);
    });
    await this.issuer.enforceSessionLimit(user.id);
    return { ...(await this.issuer.issueTokens(session, user)), device_token: deviceToken };
  }
}
