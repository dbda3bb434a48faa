import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import type { UserDto } from '../users/users.dto.js';
import { AccountSettings } from './account-settings.js';
import type {
  ChangeAccountDto,
  ChangePasswordDto,
  LoginAnswerDto,
  LoginDto,
  RegisterDto,
  SessionListDto,
  TicketDto,
  TokensDto,
} from './auth.dto.js';
import { OwnSessions } from './own-sessions.js';
import { Login } from './login.js';
import type { LoginSource } from './login-source.js';
import { Registration } from './registration.js';
import { SessionRefresh } from './session-refresh.js';

/** Registration, login, sessions and account settings. Each use case has a file of its own. */
@Injectable()
export class AuthService {
  constructor(
    private readonly registration: Registration,
    private readonly logins: Login,
    private readonly refreshes: SessionRefresh,
    private readonly sessions: OwnSessions,
    private readonly settings: AccountSettings,
  ) {}

  /** @throws ValidationError, AlreadyExists, ServiceUnavailable */
  register(dto: RegisterDto, source: LoginSource): Promise<UserDto> {
    return this.registration.register(dto, source);
  }

  /** @throws ValidationError, InvalidCredentials, AccountLocked, AccountBanned, ServiceUnavailable */
  login(dto: LoginDto, source: LoginSource): Promise<LoginAnswerDto> {
    return this.logins.login(dto, source);
  }

  /** @throws RefreshTokenInvalid, AccountBanned */
  refresh(refreshToken: string, source: LoginSource): Promise<TokensDto> {
    return this.refreshes.refresh(refreshToken, source);
  }

  /** @throws AuthenticationRequired */
  logout(actor: Actor): Promise<void> {
    return this.sessions.end(actor);
  }

  /** @throws AuthenticationRequired, AccountBanned */
  logoutAll(actor: Actor): Promise<void> {
    return this.sessions.endAll(actor);
  }

  listSessions(actor: Actor): Promise<SessionListDto> {
    return this.sessions.list(actor);
  }

  /** @throws SessionNotFound */
  removeSession(actor: Actor, sessionId: string): Promise<void> {
    return this.sessions.remove(actor, sessionId);
  }

  issueTicket(actor: Actor): Promise<TicketDto> {
    return this.sessions.issueTicket(actor);
  }

  /** @throws ValidationError, InvalidCredentials, AccountLocked, ServiceUnavailable */
  changePassword(actor: Actor, dto: ChangePasswordDto, signal?: AbortSignal): Promise<void> {
    return this.settings.changePassword(actor, dto, signal);
  }

  /** @throws ValidationError, InvalidCredentials, AccountLocked, AlreadyExists, ServiceUnavailable */
  changeAccount(actor: Actor, dto: ChangeAccountDto, signal?: AbortSignal): Promise<UserDto> {
    return this.settings.changeNames(actor, dto, signal);
  }
}
