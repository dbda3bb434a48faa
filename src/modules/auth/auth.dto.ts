import { ApiProperty } from '@nestjs/swagger';
import { ListOf } from '../../platform/pagination/page.js';
import type { FieldProblem } from '../../platform/errors/app-error.js';
import { IntField, TextField, UuidField } from '../../platform/validation/fields.js';
import { UserIdField } from '../../platform/validation/user-id-field.js';
import { FieldRule, InputRule } from '../../platform/validation/input-rules.js';
import { requireDisplayName, requireEmail, requireUsername } from '../users/user-fields.policy.js';
import { UserDto } from '../users/users.dto.js';
import { requirePasswordLength } from './password-rules.js';

/** In UTF-16 units; a coarse limit before the actual rule of 8 to 128 characters. */
const PASSWORD_UNITS_MAX = 512;
const TOKEN_MAX = 256;
/** Accepted as a new password. */
const EXAMPLE_PASSWORD = 'orbit-41-lamp-plum-river';
const LOGIN_MAX = 320;
const DAY_SECONDS = 86_400;

const requireLength = (password: string): unknown => requirePasswordLength('password', password);

export class RegisterDto {
  @FieldRule(requireEmail)
  @TextField({ max: LOGIN_MAX, example: 'ana@example.com' })
  email: string;

  @FieldRule(requireUsername)
  @TextField({ max: 64, description: '3 to 32 of a-z, 0-9, "_", "." and "-"; case is ignored', example: 'ana' })
  username: string;

  @FieldRule(requireLength)
  @TextField({
    max: PASSWORD_UNITS_MAX,
    description: '8 to 128 characters, not easy to guess',
    example: EXAMPLE_PASSWORD,
  })
  password: string;

  @FieldRule(requireDisplayName)
  @TextField({ max: 320, optional: true, description: 'The username if omitted', example: 'Ana Lima' })
  display_name?: string;
}

@InputRule(problemsOfLogin)
export class LoginDto {
  @TextField({ max: LOGIN_MAX, optional: true, description: 'One of email, username and login is required' })
  email?: string;

  @TextField({ max: LOGIN_MAX, optional: true })
  username?: string;

  @TextField({ max: LOGIN_MAX, optional: true, description: 'Email or username', example: 'ana' })
  login?: string;

  @TextField({ max: PASSWORD_UNITS_MAX, example: EXAMPLE_PASSWORD })
  password: string;

  @TextField({
    max: TOKEN_MAX,
    optional: true,
    description: 'From an earlier login on this device; exempts from lockouts that others cause',
  })
  device_token?: string;
}

/** Requires one name for the account of a login. */
export function problemsOfLogin(
  { email, username, login }: Partial<LoginDto>,
  _config?: unknown,
  invalidFields?: ReadonlySet<string>,
): FieldProblem[] {
  const isNamed =
    Boolean(email ?? username ?? login) || ['email', 'username', 'login'].some((name) => invalidFields?.has(name));
  return isNamed ? [] : [{ field: 'login', reason: 'one of email, username and login is required' }];
}

export class RefreshDto {
  @TextField({ max: TOKEN_MAX })
  refresh_token: string;
}

export class ChangePasswordDto {
  @TextField({ max: PASSWORD_UNITS_MAX })
  current_password: string;

  @FieldRule(requireLength)
  @TextField({
    max: PASSWORD_UNITS_MAX,
    description: '8 to 128 characters, not easy to guess',
    example: EXAMPLE_PASSWORD,
  })
  new_password: string;
}

export class ChangeAccountDto {
  @TextField({
    max: PASSWORD_UNITS_MAX,
    optional: true,
    description: 'Required, except for accounts of an identity provider: their token may be at most five minutes old',
  })
  current_password?: string;

  @FieldRule(requireUsername)
  @TextField({ max: 64, optional: true })
  username?: string;

  @FieldRule(requireEmail)
  @TextField({ max: LOGIN_MAX, optional: true })
  email?: string;
}

export class SessionParamsDto {
  @UuidField()
  id: string;
}

export class TokenUserParams {
  @UserIdField()
  id: string;
}

export class RevokedTokensDto {
  @ApiProperty({ type: 'integer' })
  sessions_ended: number;
}

export class MintTokenDto {
  @IntField({
    min: 1,
    max: DAY_SECONDS,
    optional: true,
    description: 'Seconds; as `JWT_ACCESS_TTL` if omitted',
    example: 3600,
  })
  expires_in?: number;

  @TextField({ max: 200, optional: true, description: 'Names the session in the list of the user', example: 'Web app' })
  device?: string;
}

export class MintedTokenDto {
  @ApiProperty()
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ description: 'Seconds until the token and its session expire; there is no refresh token' })
  expires_in: number;

  @ApiProperty({ format: 'uuid' })
  session_id: string;

  @ApiProperty({ format: 'uuid' })
  user_id: string;
}

export class TokensDto {
  @ApiProperty()
  access_token: string;

  @ApiProperty()
  refresh_token: string;

  @ApiProperty({ description: 'Seconds until the access token expires' })
  expires_in: number;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ type: UserDto })
  user: UserDto;
}

export class LoginResponseDto extends TokensDto {
  @ApiProperty({ description: 'Send it with the next login from this device' })
  device_token: string;
}

export class TicketDto {
  @ApiProperty({ description: 'For the URL of a socket; works once' })
  ticket: string;

  @ApiProperty({ description: 'Seconds until the ticket expires' })
  expires_in: number;
}

export class SessionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  user_agent: string;

  @ApiProperty()
  ip: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  last_used_at: string;

  @ApiProperty({ format: 'date-time' })
  expires_at: string;

  @ApiProperty({ description: 'Whether it is the session of this request' })
  is_current: boolean;
}

export class SessionListDto extends ListOf(SessionDto) {}
