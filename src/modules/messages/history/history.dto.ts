import { EnumField, IntField } from '../../../platform/validation/fields.js';
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
