import type { FieldProblem } from '../../../platform/errors/app-error.js';
import { EnumField, IntField } from '../../../platform/validation/fields.js';
import { InputRule } from '../../../platform/validation/input-rules.js';
import { TimeField } from '../../../platform/validation/time-field.js';
import { MessageIdFrameDto } from '../messages.dto.js';

const AUDIENCES = ['all', 'me'] as const;
export type Audience = (typeof AUDIENCES)[number];

const AUDIENCE = {
  values: AUDIENCES,
  optional: true,
  description: 'For whom: `all` when omitted; `me`: the caller alone no longer sees the message',
} as const;

export class DeleteMessageQuery {
  @EnumField(AUDIENCE)
  for?: Audience;
}

export class DeleteMessageFrameDto extends MessageIdFrameDto {
  @EnumField(AUDIENCE)
  for?: Audience;
}

export class ClearHistoryDto {
  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'The sequence_number of the last message to be cleared; the newest when omitted',
    example: 1,
  })
  up_to_number?: number;
}

@InputRule((dto: Partial<TruncateConversationDto>, _config, invalidFields) => problemsOfTruncation(dto, invalidFields))
export class TruncateConversationDto {
  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'The sequence_number of the last message to be deleted',
    example: 1,
  })
  up_to_number?: number;

  @TimeField({ optional: true, description: 'Messages that were sent before this time are deleted' })
  before?: string;
}

/** Exactly one of the two fields is required. */
export function problemsOfTruncation(
  dto: Partial<TruncateConversationDto>,
  invalidFields?: ReadonlySet<string>,
): FieldProblem[] {
  if (invalidFields?.has('up_to_number') || invalidFields?.has('before')) return [];
  const isOne = (dto.up_to_number === undefined) !== (dto.before === undefined);
  return isOne ? [] : [{ field: 'up_to_number', reason: 'give either up_to_number or before' }];
}
