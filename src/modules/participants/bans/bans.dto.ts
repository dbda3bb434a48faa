import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { IntField, TextField } from '../../../platform/validation/fields.js';
import { FieldRule, InputRule } from '../../../platform/validation/input-rules.js';
import { problemsOfEnd, TimeField } from '../../../platform/validation/time-field.js';
import { UserIdField } from '../../../platform/validation/user-id-field.js';
import { REASON_MAX } from '../participants.dto.js';

@InputRule(({ until }: Partial<BanParticipantDto>) => problemsOfEnd('until', until))
export class BanParticipantDto {
  @UserIdField({ description: 'A participant, or a user who is to be kept out' })
  user_id: string;

  @TextField({ max: REASON_MAX, optional: true, description: 'Shown to moderators, and stored in the audit log' })
  reason?: string;

  @TimeField({ optional: true, nullable: true, description: 'The end of the ban; unlimited if omitted or null' })
  until?: string | null;
}

export class ListBansQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 when omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: 'Opaque; `next_cursor` of the previous page' })
  cursor?: string;
}

export class BannedUserDto {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ type: String, nullable: true })
  avatar_url: string | null;

  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  @ApiProperty({ format: 'uuid' })
  banned_by: string;

  @ApiProperty({ format: 'date-time' })
  banned_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: unlimited' })
  until: string | null;
}

export class BannedUserPageDto extends PageOf(BannedUserDto) {}
