import { Body, Controller, Get, HttpCode, Post, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RegisterDto } from '../../modules/auth/auth.dto.js';
import { AccountLocked, InvalidCredentials, RegistrationClosed } from '../../modules/auth/auth.errors.js';
import { AuthService } from '../../modules/auth/auth.service.js';
import { RegistrationService } from '../../modules/auth/registration.service.js';
import { CurrentLoginSource, type LoginSource } from '../../modules/auth/login-source.js';
import { UpdateProfileDto } from '../../modules/users/users.dto.js';
import { UsernameOrEmailTaken } from '../../modules/users/users.errors.js';
import { UsersService } from '../../modules/users/users.service.js';
import { AccountBanned } from '../../platform/errors/app-error.js';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { Public } from '../../platform/http/public.decorator.js';
import { Limit, RateLimitProfile } from '../../platform/throttling/limit.decorator.js';
import { ChatLoginResponseDto, ChatLoginDto, ChatUserDto } from './chat-users.dto.js';
import { CHAT_LIMITS, CHAT_LOGIN_LIMITS } from './chat.limits.js';
import { presentLogin, presentUser } from './chat.presenter.js';
import { LOGIN_LIMIT } from '../../modules/auth/auth.limits.js';

@ApiTags('dialect: chat')
@ApiBearerAuth()
@RateLimitProfile(CHAT_LIMITS)
@Controller('users')
export class ChatUsersController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly logins: AuthService,
    private readonly users: UsersService,
  ) {}

  @Post('register')
  @ApiOperation({ summary: 'Creates an account.' })
  @Public()
  @Limit(LOGIN_LIMIT)
  @RateLimitProfile(CHAT_LOGIN_LIMITS)
  @ApiCreatedResponse({ type: ChatUserDto })
  @Throws(UsernameOrEmailTaken, RegistrationClosed)
  async register(@Body() dto: RegisterDto, @CurrentLoginSource() source: LoginSource): Promise<ChatUserDto> {
    return presentUser(await this.registration.register(dto, source));
  }

  @Post('login')
  @ApiOperation({ summary: 'Logs in with a password and opens a session.' })
  @Public()
  @HttpCode(200)
  @Limit(LOGIN_LIMIT)
  @RateLimitProfile(CHAT_LOGIN_LIMITS)
  @ApiOkResponse({ type: ChatLoginResponseDto })
  @Throws(InvalidCredentials, AccountLocked, AccountBanned)
  async login(@Body() dto: ChatLoginDto, @CurrentLoginSource() source: LoginSource): Promise<ChatLoginResponseDto> {
    const { username_or_email: login, ...rest } = dto;
    return presentLogin(await this.logins.login({ login, ...rest }, source));
  }

  @Get('me')
  @ApiOperation({ summary: 'The profile of the caller.' })
  @ApiOkResponse({ type: ChatUserDto })
  async me(@CurrentActor() actor: Actor): Promise<ChatUserDto> {
    return presentUser(await this.users.get(actor, actor.userId));
  }

  @Put('me')
  @ApiOperation({ summary: 'Changes the profile of the caller.' })
  @ApiOkResponse({ type: ChatUserDto })
  async update(@CurrentActor() actor: Actor, @Body() dto: UpdateProfileDto): Promise<ChatUserDto> {
    return presentUser(await this.users.updateProfile(actor, dto));
  }
}
