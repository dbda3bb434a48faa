import { ApiProperty } from '@nestjs/swagger';
import { EnumField, TextField, UuidField, UuidListField } from '../../platform/validation/fields.js';
import { Normalised } from '../../platform/validation/normalise.js';
import { PRESENCE_STATUSES, type PresenceStatus } from '../users/users.dto.js';

/** How long a receiver shows somebody as typing without hearing again. */
export const TYPING_TTL_MS = 6000;
const ASKED_AT_ONCE_MAX = 100;

export class GetPresenceQuery {
  /** In an address: `user_ids=a,b` and `user_ids=a&user_ids=b` are one. */
  @Normalised((value) => (typeof value === 'string' ? value.split(',') : value))
  @UuidListField({
    max: ASKED_AT_ONCE_MAX,
    description: 'Comma list; those one shares no conversation with are left out',
  })
  user_ids: string[];
}

export class SetPresenceDto {
  @EnumField({
    values: PRESENCE_STATUSES,
    description: 'offline: be invisible. Over a socket, away is said of that connection alone',
  })
  status: PresenceStatus;

  @TextField({
    max: 140,
    optional: true,
    nullable: true,
    description: 'A few words beside the status; null takes them away',
  })
  custom?: string | null;
}

export class TypingFrameDto {
  @UuidField()
  conversation_id: string;
}

export class PresenceDto {
  @ApiProperty()
  user_id: string;

  @ApiProperty({ enum: PRESENCE_STATUSES })
  status: PresenceStatus;

  @ApiProperty({ type: String, nullable: true })
  custom: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'When somebody who is offline went' })
  last_seen: string | null;
}

export class PresenceListDto {
  @ApiProperty({ type: [PresenceDto] })
  data: PresenceDto[];
}
