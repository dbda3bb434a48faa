import { ApiProperty } from '@nestjs/swagger';
import { ListOf } from '../../platform/pagination/page.js';
import { EnumField, TextField, UuidField } from '../../platform/validation/fields.js';
import { UserIdListField } from '../../platform/validation/user-id-field.js';
import { NormaliseWith } from '../../platform/validation/normalise.js';
import { PRESENCE_STATUSES, type PresenceStatus } from '../users/users.dto.js';

/** How long a receiver displays a typing indicator that is not renewed. */
export const TYPING_TTL_MS = 6000;
const USER_IDS_MAX = 100;

export class GetPresenceQuery {
  /** In a query string, `user_ids=a,b` and `user_ids=a&user_ids=b` are equivalent. */
  @NormaliseWith((value) => (typeof value === 'string' ? value.split(',') : value))
  @UserIdListField({
    max: USER_IDS_MAX,
    description: 'Comma-separated; users who share no conversation with the caller are omitted',
  })
  user_ids: string[];
}

export class SetPresenceDto {
  @EnumField({
    values: PRESENCE_STATUSES,
    description: 'offline: appear offline. Over a socket, away applies to that connection only',
  })
  status: PresenceStatus;

  @TextField({
    max: 140,
    optional: true,
    nullable: true,
    description: 'A short text beside the status; null removes it',
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

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'When an offline user was last online',
  })
  last_seen: string | null;
}

export class PresenceListDto extends ListOf(PresenceDto) {}
