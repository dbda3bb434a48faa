import { ApiProperty } from '@nestjs/swagger';
import { EnumField, EnumListField, IntField, NestedField, TextField } from '../../../platform/validation/fields.js';
import { InputRule } from '../../../platform/validation/input-rules.js';
import { CONVERSATION_TYPES } from '../../participants/participants.dto.js';
import { SENDABLE_TYPES } from '../../messages/messages.dto.js';
import { problemsOfWebhook } from '../webhook-fields.policy.js';

export const FAILURE_POLICIES = ['allow', 'reject', 'hold'] as const;
/** What happens to a message on which the host does not decide. */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];

const TIMEOUT_MS = { min: 100, max: 3000 };
const ALL = 'all when omitted';

/** Which messages are checked. */
export class BeforeSendScopeDto {
  @EnumListField({ values: CONVERSATION_TYPES, optional: true, description: `Types of conversations; ${ALL}` })
  conversation_types?: string[];

  @EnumListField({ values: SENDABLE_TYPES, optional: true, description: `Types of messages; ${ALL}` })
  message_types?: string[];

  @IntField({
    min: 1,
    max: 100,
    optional: true,
    description: 'How many of 100 messages, chosen by chance; all when omitted',
  })
  sample?: number;
}

@InputRule(problemsOfWebhook)
export class SetBeforeSendHookDto {
  @TextField({
    min: 1,
    max: 2048,
    description: 'Where messages are checked; https',
    example: 'https://your-server.com/before-send',
  })
  url: string;

  @IntField({ ...TIMEOUT_MS, optional: true, description: 'How long one check may take in total; 1000 when omitted' })
  timeout_ms?: number;

  @EnumField({
    values: FAILURE_POLICIES,
    description:
      'A message on which the host does not decide in time is stored (allow), refused with CHECK_UNAVAILABLE (reject), or waits for a moderator (hold)',
  })
  on_failure: FailurePolicy;

  @NestedField({ type: () => BeforeSendScopeDto, optional: true, description: 'All messages when omitted' })
  applies_to?: BeforeSendScopeDto;

  @TextField({
    max: 256,
    optional: true,
    description:
      'Signing secret, 12 to 256 printable ASCII characters. When omitted, the secret stays; a first one is generated',
  })
  secret?: string;
}

export class BeforeSendHookDto {
  @ApiProperty()
  url: string;

  @ApiProperty({ type: 'integer' })
  timeout_ms: number;

  @ApiProperty({ enum: FAILURE_POLICIES })
  on_failure: FailurePolicy;

  @ApiProperty({ type: BeforeSendScopeDto, description: 'An absent field means all' })
  applies_to: BeforeSendScopeDto;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'The previous secret also signs until this time',
  })
  previous_secret_until: string | null;

  @ApiProperty({ description: 'Whether this process has stopped asking the host after failures in a row, for seconds' })
  is_circuit_open: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class CurrentBeforeSendHookDto {
  @ApiProperty({ type: BeforeSendHookDto, nullable: true, description: 'null if messages are stored without a check' })
  hook: BeforeSendHookDto | null;
}

export class BeforeSendHookWithSecretDto extends BeforeSendHookDto {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The secret, in this response only; null if it has not changed',
  })
  secret: string | null;
}
