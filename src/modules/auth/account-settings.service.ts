import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { requireEmail, requireUsername } from '../users/user-fields.policy.js';
import type { UserDto } from '../users/users.dto.js';
import { UsersPolicy } from '../users/users.policy.js';
import { UsersService } from '../users/users.service.js';
import type { ChangeAccountDto, ChangePasswordDto } from './auth.dto.js';
import { InvalidCredentials } from './auth.errors.js';
import { PasswordChecks } from './password-checks.js';
import { SessionRevocation } from './session-revocation.js';

/**
 * Changes the credentials of a user. Each change requires the password again, whatever the session. `signal` is aborted
 * when the client disconnects: a hash that is still queued is then not computed.
 */
@Injectable()
export class AccountSettingsService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordChecks,
    private readonly policy: UsersPolicy,
    private readonly revocation: SessionRevocation,
    private readonly log: EventLog,
  ) {}

  /**
   * Ends every other session, and every session key, also those of this session.
   * @throws ValidationError, InvalidCredentials, AccountLocked, ServiceUnavailable
   */
  async changePassword(actor: Actor, dto: ChangePasswordDto, signal?: AbortSignal): Promise<void> {
    const current = await this.passwords.requireCurrent(actor, dto.current_password, signal);
    const user = await this.users.find(actor.userId);
    const about = [user.username, user.display_name, ...(user.email ? [user.email] : [])];
    const chosen = { field: 'new_password', password: dto.new_password, about };
    const renewed = await this.passwords.hashChosen(actor, chosen, signal);
    const reason = 'password_changed';
    const ended = await this.log.write(actor.userId, async (tx) => {
      await this.policy.requireActive(tx, actor);
      if (!(await this.passwords.replace(tx, actor.userId, current, renewed))) throw new InvalidCredentials();
      return this.revocation.revokeIn(tx, actor.userId, { except: actor.sessionId, reason });
    });
    this.revocation.announce(actor.userId, ended ?? [], reason);
  }

  /** @throws ValidationError, InvalidCredentials, AccountLocked, AlreadyExists, ServiceUnavailable */
  async changeNames(actor: Actor, dto: ChangeAccountDto, signal?: AbortSignal): Promise<UserDto> {
    const changes = {
      username: dto.username === undefined ? undefined : requireUsername(dto.username),
      email: dto.email === undefined ? undefined : requireEmail(dto.email),
    };
    await this.passwords.requireProof(actor, { field: 'current_password', password: dto.current_password, signal });
    await this.log.write(actor.userId, async (tx) => {
      await this.policy.requireActive(tx, actor);
      await this.users.changeAccount(tx, actor.userId, changes);
    });
    this.users.announceChange(actor.userId);
    return this.users.get(actor, actor.userId);
  }
}
