import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AccountBanned } from '../../platform/errors/app-error.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { DisconnectSignal } from '../../platform/http/disconnect-signal.js';
import { NotIdempotent } from '../../platform/http/idempotency.interceptor.js';
import { Public } from '../../platform/http/public.decorator.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { Priority } from '../../platform/throttling/priority.decorator.js';
import { UserDto } from '../users/users.dto.js';
import { AccountDeactivated, UsernameOrEmailTaken, UserNotFound } from '../users/users.errors.js';
import {
  ChangeAccountDto,
  ChangePasswordDto,
  LoginResponseDto,
  LoginDto,
  MintedTokenDto,
  MintTokenDto,
  RefreshDto,
  RegisterDto,
  RevokedTokensDto,
  SessionListDto,
  SessionParamsDto,
  TicketDto,
  TokenUserParams,
  TokensDto,
} from './auth.dto.js';
import {
  AccountLocked,
  FreshTokenRequired,
  InvalidCredentials,
  RefreshTokenInvalid,
  RegistrationClosed,
  SessionNotFound,
} from './auth.errors.js';
import { AccountAdministration } from './account-administration.service.js';
import { AccountSettingsService } from './account-settings.service.js';
import { AuthService } from './auth.service.js';
import { MintTokens } from './mint-tokens.js';
import { RegistrationService } from './registration.service.js';
import { SessionRefreshService } from './session-refresh.service.js';
import { SessionsService } from './sessions.service.js';
import { CurrentLoginSource, type LoginSource } from './login-source.js';
import { LOGIN_LIMIT } from './auth.limits.js';

const REFRESH_RULES =
  'Repeating a refresh token within 20 seconds returns the same successor while that one is unused: a lost response can ' +
  'be requested again, and tabs that refresh together get the same pair. A later use, or one after its successor was ' +
  'used, is reuse: the whole session ends and the response is 401 REFRESH_TOKEN_INVALID. All tabs must share one pair.';

@ApiTags('auth')
@ApiBearerAuth()
@Controller('api/v1')
export class AuthController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly logins: AuthService,
    private readonly refreshes: SessionRefreshService,
    private readonly ownSessions: SessionsService,
    private readonly settings: AccountSettingsService,
    private readonly mintTokens: MintTokens,
    private readonly accounts: AccountAdministration,
  ) {}

  @Public()
  @Limit(LOGIN_LIMIT)
  @Post(['auth/register', 'users'])
  @ApiOperation({ summary: 'Creates an account.' })
  @ApiCreatedResponse({ type: UserDto })
  @Throws(UsernameOrEmailTaken, RegistrationClosed)
  register(@Body() dto: RegisterDto, @CurrentLoginSource() source: LoginSource): Promise<UserDto> {
    return this.registration.register(dto, source);
  }

  @Public()
  @Limit(LOGIN_LIMIT)
  @Post('auth/login')
  @ApiOperation({ summary: 'Logs in with a password and opens a session.' })
  @HttpCode(200)
  @ApiOkResponse({ type: LoginResponseDto })
  @Throws(InvalidCredentials, AccountLocked, AccountBanned, AccountDeactivated)
  login(@Body() dto: LoginDto, @CurrentLoginSource() source: LoginSource): Promise<LoginResponseDto> {
    return this.logins.login(dto, source);
  }

  @Public()
  @Limit(LOGIN_LIMIT)
  @Post('auth/refresh')
  @ApiOperation({
    summary: 'Returns the next pair of tokens; each refresh token works once.',
    description: REFRESH_RULES,
  })
  @HttpCode(200)
  @ApiOkResponse({ type: TokensDto })
  @Throws(RefreshTokenInvalid, AccountBanned, AccountDeactivated)
  refresh(@Body() { refresh_token }: RefreshDto, @CurrentLoginSource() source: LoginSource): Promise<TokensDto> {
    return this.refreshes.refresh(refresh_token, source);
  }

  @Priority('vital')
  @Post('auth/logout')
  @ApiOperation({ summary: 'Ends the current session.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  logout(@CurrentActor() actor: Actor): Promise<void> {
    return this.ownSessions.endCurrent(actor);
  }

  @Priority('vital')
  @Post('auth/logout-all')
  @ApiOperation({ summary: 'Ends all sessions of the caller.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  logoutAll(@CurrentActor() actor: Actor): Promise<void> {
    return this.ownSessions.endAll(actor);
  }

  @NotIdempotent()
  @Post('auth/password')
  @ApiOperation({ summary: 'Changes the password, and ends all other sessions.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(InvalidCredentials, AccountLocked)
  changePassword(
    @CurrentActor() actor: Actor,
    @Body() dto: ChangePasswordDto,
    @DisconnectSignal() signal: AbortSignal,
  ): Promise<void> {
    return this.settings.changePassword(actor, dto, signal);
  }

  @Patch('auth/account')
  @ApiOperation({
    summary: 'Changes the email or username; requires the password, or a new token of the identity provider.',
  })
  @ApiOkResponse({ type: UserDto })
  @Throws(InvalidCredentials, AccountLocked, FreshTokenRequired, UsernameOrEmailTaken)
  changeAccount(
    @CurrentActor() actor: Actor,
    @Body() dto: ChangeAccountDto,
    @DisconnectSignal() signal: AbortSignal,
  ): Promise<UserDto> {
    return this.settings.changeAccount(actor, dto, signal);
  }

  @Get('auth/sessions')
  @ApiOperation({ summary: 'The active sessions of the caller.' })
  @ApiOkResponse({ type: SessionListDto })
  sessions(@CurrentActor() actor: Actor): Promise<SessionListDto> {
    return this.ownSessions.list(actor);
  }

  @Delete('auth/sessions/:id')
  @ApiOperation({ summary: 'Ends one session of the caller.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(SessionNotFound)
  removeSession(@CurrentActor() actor: Actor, @Param() { id }: SessionParamsDto): Promise<void> {
    return this.ownSessions.endOne(actor, id);
  }

  @NotIdempotent()
  @RequiresScope('tokens:create')
  @Post('users/:id/tokens')
  @ApiOperation({
    summary: 'Mints an access token for a user, without a refresh token. For server keys.',
    description: 'Never for an admin; for a moderator the key also needs the scope moderation.',
  })
  @ApiCreatedResponse({ type: MintedTokenDto })
  @Throws(UserNotFound)
  mintToken(
    @CurrentActor() actor: Actor,
    @Param() { id }: TokenUserParams,
    @Body() dto: MintTokenDto,
  ): Promise<MintedTokenDto> {
    return this.mintTokens.mint(actor, id, dto);
  }

  @RequiresScope('tokens:create')
  @Priority('vital')
  @Post('users/:id/revoke-tokens')
  @ApiOperation({
    summary: 'Ends all sessions of a user, and refuses every token issued before now. For server keys and admins.',
    description: 'Also tokens of identity providers and of signing keys that were never used.',
  })
  @HttpCode(200)
  @ApiOkResponse({ type: RevokedTokensDto })
  @Throws(UserNotFound)
  revokeTokens(@CurrentActor() actor: Actor, @Param() { id }: TokenUserParams): Promise<RevokedTokensDto> {
    return this.accounts.revokeTokens(actor, id);
  }

  @NotIdempotent()
  @Post('auth/ticket')
  @ApiOperation({ summary: 'Creates a ticket for one WebSocket: single use, valid for 60 s.' })
  @ApiCreatedResponse({ type: TicketDto })
  issueTicket(@CurrentActor() actor: Actor): Promise<TicketDto> {
    return this.ownSessions.issueTicket(actor);
  }
}
