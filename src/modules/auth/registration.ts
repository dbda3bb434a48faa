import { Injectable } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { requireDisplayName, requireEmail, requireUsername } from '../users/user-fields.policy.js';
import type { NewUser, UserDto } from '../users/users.dto.js';
import { UserRegistered } from '../users/users.events.js';
import { UsersService } from '../users/users.service.js';
import type { RegisterDto } from './auth.dto.js';
import { AuthRepository } from './auth.repository.js';
import { PasswordHasher } from './password-hasher.js';
import { requireStrongPassword } from './password-strength.js';

/** How an account comes into being: user, password and event stream in one transaction. */
@Injectable()
export class Registration {
  constructor(
    private readonly users: UsersService,
    private readonly repository: AuthRepository,
    private readonly hasher: PasswordHasher,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /** @throws ValidationError, AlreadyExists, ServiceUnavailable */
  async register(dto: RegisterDto): Promise<UserDto> {
    const username = requireUsername(dto.username);
    const email = requireEmail(dto.email);
    const displayName = requireDisplayName(dto.display_name ?? username);
    requireStrongPassword('password', dto.password, [username, email, displayName]);
    const user: NewUser = { id: newId(), username, email, displayName, role: 'user' };
    await this.create(user, dto.password);
    const [shown] = await this.users.present([await this.users.find(user.id)], { userId: user.id, role: 'user' });
    return shown!;
  }

  /** An account whose fields have been judged. @throws AlreadyExists, ServiceUnavailable */
  async create(user: NewUser, password: string): Promise<void> {
    const passwordHash = await this.hasher.hash(password);
    await this.log.create(user.id, async (tx) => {
      await this.users.create(tx, user);
      await this.repository.insertCredential(tx, user.id, passwordHash);
    });
    this.events.publish(new UserRegistered(user.id));
  }
}
