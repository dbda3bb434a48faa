import { ApiProperty } from '@nestjs/swagger';
import { type Scope, SCOPES } from '../../platform/identity/server-key.js';
import { ListOf } from '../../platform/pagination/page.js';
import { EnumField, TextField, TextListField, UuidField } from '../../platform/validation/fields.js';
import { TimeField } from '../../platform/validation/time-field.js';
import { InputRule } from '../../platform/validation/input-rules.js';
import { problemsOfServerKey } from './server-key-fields.policy.js';

/** `server`: the host sends it. `signing`: the host signs tokens of its users with it. */
export const SERVER_KEY_KINDS = ['server', 'signing'] as const;
export type ServerKeyKind = (typeof SERVER_KEY_KINDS)[number];

const SCOPES_DESCRIPTION =
  'What the key may do; every route names the scope that it requires. A key that signs tokens has none, or `moderation` to sign for system moderators';

@InputRule(problemsOfServerKey)
export class CreateServerKeyDto {
  @TextField({ min: 1, max: 80, description: 'Names the key in the audit log', example: 'shop backend' })
  name: string;

  @EnumField({
    values: SERVER_KEY_KINDS,
    optional: true,
    description: '`server`: a key that is sent (the default). `signing`: a key that signs tokens of users',
    example: 'server',
  })
  kind?: ServerKeyKind;

  @TextListField({
    max: SCOPES.length,
    maxLength: 32,
    optional: true,
    description: SCOPES_DESCRIPTION,
    example: ['users:read', 'messages:write'],
  })
  scopes?: string[];

  @TimeField({
    optional: true,
    nullable: true,
    description: 'The end of the key; without it the key does not expire',
    example: '2099-01-01T00:00:00Z',
  })
  expires_at?: string | null;
}

export class ServerKeyParams {
  @UuidField()
  id: string;
}

export class ServerKeyDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'shop backend' })
  name: string;

  @ApiProperty({ enum: SERVER_KEY_KINDS })
  kind: ServerKeyKind;

  @ApiProperty({ enum: SCOPES, isArray: true, description: SCOPES_DESCRIPTION })
  scopes: Scope[];

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The admin who created it; null for a command of the operator',
  })
  created_by: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: the key does not expire' })
  expires_at: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'The last call, stored once a minute; null before the first one',
  })
  last_used_at: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The IP address of that call' })
  last_used_ip: string | null;
}

export class ServerKeyWithSecretDto extends ServerKeyDto {
  @ApiProperty({
    description: 'Only this response contains it. Of kind `server`: the whole key, `psk_<id>_<secret>`',
    example: 'psk_01977c1e-4f40-7a3b-8a53-6d1a3f9b2c11_mB0kq3t1Xy6nR8vLw2ZcH5uJ7pD4sF9gA1eK0oTiQxE',
  })
  secret: string;
}

export class ServerKeyListDto extends ListOf(ServerKeyDto) {}
