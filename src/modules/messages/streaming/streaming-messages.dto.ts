import { ApiProperty } from '@nestjs/swagger';
import type { FieldProblem } from '../../../platform/errors/app-error.js';
import { BODY_TEXT_MAX, IntField, TextField, UuidField } from '../../../platform/validation/fields.js';
import { InputRule } from '../../../platform/validation/input-rules.js';
import { JsonField } from '../../../platform/validation/json-field.js';
import { METADATA_MAX_BYTES } from '../messages.dto.js';

const APPEND_MAX = 8000;
const OFFSET_MAX = 1_000_000;

/** The next part of the text. */
export class AppendToMessageDto {
  @IntField({
    min: 0,
    max: OFFSET_MAX,
    description: 'Where the text belongs: the UTF-16 units before it. 0, then the `next_offset` of the last response',
    example: 0,
  })
  offset: number;

  @TextField({ min: 1, max: APPEND_MAX, example: 'Hello' })
  text: string;
}

export class AppendToMessageFrameDto extends AppendToMessageDto {
  @UuidField()
  message_id: string;
}

/** The end of the text: either its length, or the whole of it. */
@InputRule(({ content, length }: Partial<FinishMessageDto>, _config, wrong): FieldProblem[] =>
  wrong.has('content') || wrong.has('length') || (content === undefined) !== (length === undefined)
    ? []
    : [{ field: 'length', reason: 'is required, unless the whole text is in content' }],
)
export class FinishMessageDto {
  @IntField({
    min: 0,
    max: OFFSET_MAX,
    optional: true,
    description: 'UTF-16 units of the text: the last `next_offset`. Required without content',
  })
  length?: number;

  @TextField({ max: BODY_TEXT_MAX, optional: true, description: 'The whole text, in place of what was appended' })
  content?: string;

  @JsonField({
    maxBytes: METADATA_MAX_BYTES,
    optional: true,
    description: 'Replaces the stored data; unchanged if omitted',
  })
  metadata?: Record<string, unknown>;
}

export class FinishMessageFrameDto extends FinishMessageDto {
  @UuidField()
  message_id: string;
}

export class AppendedDto {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ type: 'integer', description: 'The `offset` of the next append, and the `length` of a finish' })
  next_offset: number;
}
