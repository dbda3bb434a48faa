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
    const currentHash = await this.passwords.requireCurrentPassword(actor, dto.current_password, signal);
    const user = await this.users.requireUser(actor.userId);
    const accountNames = [user.username, user.display_name, ...(user.email ? [user.email] : [])];
    const newPassword = { field: 'new_password', password: dto.new_password, accountNames };
    const newHash = await this.passwords.hashNewPassword(actor, newPassword, signal);
    const reason = 'password_changed';
    const ended = await this.log.write(actor.userId, async (tx) => {
      await this.policy.requireActive(tx, actor);
      if (!(await this.passwords.replacePassword(tx, actor.userId, currentHash, newHash)))
        throw new InvalidCredentials();
      return this.revocation.revokeInTransaction(tx, actor.userId, { except: actor.sessionId, reason });
    });
    this.revocation.announce(actor.userId, ended ?? [], reason);
  }

  /** @throws ValidationError, InvalidCredentials, AccountLocked, UsernameOrEmailTaken, ServiceUnavailable */
  async changeAccount(actor: Actor, dto: ChangeAccountDto, signal?: AbortSignal): Promise<UserDto> {
    const changes = {
      username: dto.username === undefined ? undefined : requireUsername(dto.username),
      email: dto.email === undefined ? undefined : requireEmail(dto.email),
    };
    await this.passwords.requireReauthentication(actor, {
      field: 'current_password',
      password: dto.current_password,
      signal,
    });
    await this.log.write(actor.userId, async (tx) => {
      await this.policy.requireActive(tx, actor);
      await this.users.changeLoginIdentifiers(tx, actor.userId, changes);
    });
    this.users.announceChange(actor.userId);
    return this.users.get(actor, actor.userId);
  }
}
