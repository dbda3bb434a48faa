import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { externalIssuers } from '../../platform/config/external-issuers.js';
import { newId } from '../../platform/database/ids.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { subjectOfIp } from '../../platform/throttling/limit-subject.js';
import { requireDisplayName, requireEmail, requireUsername } from '../users/user-fields.policy.js';
import type { NewUser, UserDto } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';
import type { RegisterDto } from './auth.dto.js';
import { RegistrationClosed } from './auth.errors.js';
import { AuthRepository } from './auth.repository.js';
import type { LoginSource } from './login-source.js';
import { PasswordHasher } from './password-hasher.js';
import { SigningKeys } from './signing-keys.js';

/** Creates an account: user, password and event stream in one transaction. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly users: UsersService,
    private readonly repository: AuthRepository,
    private readonly hasher: PasswordHasher,
    private readonly log: EventLog,
    private readonly config: Config,
    private readonly signingKeys: SigningKeys,
  ) {}

  /** @throws RegistrationClosed, ValidationError, UsernameOrEmailTaken, RateLimitExceeded, ServiceUnavailable */
  async register(dto: RegisterDto, { ip, signal }: LoginSource): Promise<UserDto> {
    await this.requireOpen();
    const username = requireUsername(dto.username);
    const email = requireEmail(dto.email);
    const displayName = requireDisplayName(dto.display_name ?? username);
    const accountNames = [username, email, displayName];
    const newPassword = { field: 'password', password: dto.password, accountNames };
    const passwordHash = await this.hasher.hashNewPassword(newPassword, { key: subjectOfIp(ip), signal });
    const user: NewUser = { id: newId(), username, email, displayName, role: 'user' };
    await this.insert(user, passwordHash);
    const [userDto] = await this.users.present([await this.users.requireUser(user.id)], {
      userId: user.id,
      role: 'user',
    });
    return userDto!;
  }

  /** Creates an account whose fields have been validated. @throws UsernameOrEmailTaken, ServiceUnavailable */
  async create(user: NewUser, password: string): Promise<void> {
    await this.insert(user, await this.hasher.hash(password));
  }

  /** Once users come with tokens of the host, open registration would let anyone join beside them. */
  private async requireOpen(): Promise<void> {
    const { registration } = this.config;
    const isOpen =
      registration === undefined
        ? externalIssuers(this.config).length === 0 && !(await this.signingKeys.areUsed())
        : registration === 'open';
    if (!isOpen) throw new RegistrationClosed();
  }

  private async insert(user: NewUser, passwordHash: string): Promise<void> {
    await this.log.create(user.id, async (tx) => {
      await this.users.create(tx, user);
      await this.repository.insertCredential(tx, user.id, passwordHash);
    });
  }
}
