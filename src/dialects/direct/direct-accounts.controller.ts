import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiExcludeController,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { RegisterDto } from '../../modules/auth/auth.dto.js';
import {
  AccountLocked,
  InvalidCredentials,
  RefreshTokenInvalid,
  RegistrationClosed,
} from '../../modules/auth/auth.errors.js';
import { AuthService } from '../../modules/auth/auth.service.js';
import { RegistrationService } from '../../modules/auth/registration.service.js';
import { SessionRefreshService } from '../../modules/auth/session-refresh.service.js';
import { CurrentLoginSource, type LoginSource } from '../../modules/auth/login-source.js';
import { UsernameOrEmailTaken, UserNotFound } from '../../modules/users/users.errors.js';
import { UsersService } from '../../modules/users/users.service.js';
import { AccountBanned, PermissionDenied } from '../../platform/errors/app-error.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { Public } from '../../platform/http/public.decorator.js';
import { Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import {
  DirectLoginDto,
  DirectRefreshDto,
  DirectRegisteredDto,
  DirectTokensDto,
  DirectUpdateProfileDto,
  DirectUserDto,
  DirectUserParam,
} from './direct-accounts.dto.js';
import { DIRECT_LIMITS } from './direct.limits.js';
import { presentRegistered, presentTokens, presentUser } from './direct.presenter.js';
import { LOGIN_LIMIT } from '../../modules/auth/auth.limits.js';

@ApiTags('dialect: direct')
@ApiBearerAuth()
@RateLimitProfile(DIRECT_LIMITS)
@Controller('api')
export class DirectAccountsController {
  constructor(
    private readonly logins: AuthService,
    private readonly refreshes: SessionRefreshService,
    private readonly registration: RegistrationService,
    private readonly users: UsersService,
  ) {}

  @Public()
  @Limit(LOGIN_LIMIT)
  @Post('auth/login')
  @ApiOperation({ summary: 'Logs in with a password and opens a session.' })
  @HttpCode(200)
  @ApiOkResponse({ type: DirectTokensDto })
  @Throws(InvalidCredentials, AccountLocked, AccountBanned)
  async login(@Body() dto: DirectLoginDto, @CurrentLoginSource() source: LoginSource): Promise<DirectTokensDto> {
    return presentTokens(await this.logins.login(dto, source));
  }

  @Public()
  @Limit(LOGIN_LIMIT)
  @Post('auth/refresh')
  @ApiOperation({ summary: 'Returns the next pair of tokens; each refresh token works once.' })
  @HttpCode(200)
  @ApiOkResponse({ type: DirectTokensDto })
  @Throws(RefreshTokenInvalid, AccountBanned)
  async refresh(
    @Body() { refresh_token }: DirectRefreshDto,
    @CurrentLoginSource() source: LoginSource,
  ): Promise<DirectTokensDto> {
    return presentTokens(await this.refreshes.refresh(refresh_token, source));
  }

  @Public()
  @Limit(LOGIN_LIMIT)
  @Post('users')
  @ApiOperation({ summary: 'Creates an account.' })
  @ApiCreatedResponse({ type: DirectRegisteredDto })
  @Throws(UsernameOrEmailTaken, RegistrationClosed)
  async register(@Body() dto: RegisterDto, @CurrentLoginSource() source: LoginSource): Promise<DirectRegisteredDto> {
    return presentRegistered(await this.registration.register(dto, source));
  }

  @Get('users/:user_id')
  @ApiOperation({ summary: 'The profile of a user.' })
  @ApiOkResponse({ type: DirectUserDto })
  @Throws(UserNotFound)
  async get(@CurrentActor() actor: Actor, @Param() { user_id }: DirectUserParam): Promise<DirectUserDto> {
    return presentUser(await this.users.get(actor, user_id));
  }

  @Patch('users/:user_id')
  @ApiOperation({ summary: 'Changes the profile of the caller.' })
  @ApiOkResponse({ type: DirectUserDto })
  async update(
    @CurrentActor() actor: Actor,
    @Param() { user_id }: DirectUserParam,
    @Body() dto: DirectUpdateProfileDto,
  ): Promise<DirectUserDto> {
    return presentUser(await this.users.updateProfile(requireSelf(actor, user_id), dto));
  }
}

/**
 * The dialect names users by their id where the service always changes the profile of the actor. @throws
 * PermissionDenied
 */
function requireSelf(actor: Actor, userId: string): Actor {
  if (userId !== actor.userId) throw new PermissionDenied('You may change your own profile only.');
  return actor;
}

/** The same on the versioned paths. */
@ApiExcludeController()
@Controller(['v1', 'v1/api'])
export class VersionedAccountsController extends DirectAccountsController {}
