import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../../platform/pagination/page.js';
import { EnumField, IntField, TextField, UuidField } from '../../../platform/validation/fields.js';
import { InputRule } from '../../../platform/validation/input-rules.js';
import { problemsOfEnd, TimeField } from '../../../platform/validation/time-field.js';
import { CONVERSATION_NAME, PARTICIPANT_ROLES, type ParticipantRole } from '../participants.dto.js';

const LINK_ROLES = ['moderator', 'participant'] as const;
const USES_MAX = 1_000_000;

@InputRule(({ expires_at: end }: Partial<CreateInviteLinkDto>) => problemsOfEnd('expires_at', end))
export class CreateInviteLinkDto {
  @EnumField({
    values: LINK_ROLES,
    optional: true,
    description: 'participant when omitted; below the role of the caller',
  })
  role?: (typeof LINK_ROLES)[number];

  @IntField({ min: 1, max: USES_MAX, optional: true, nullable: true, description: 'No limit when omitted or null' })
  max_uses?: number | null;

  @TimeField({ optional: true, nullable: true, description: 'No end when omitted or null' })
  expires_at?: string | null;
}

export class InviteLinkParam {
  @TextField(CONVERSATION_NAME)
  id: string;

  @UuidField()
  link_id: string;
}

export class UseInviteLinkDto {
  @TextField({ min: 1, max: 64, description: 'The code of the link' })
  code: string;
}

export class InviteLinkDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ enum: PARTICIPANT_ROLES, description: 'The role of those who join by the link' })
  role: ParticipantRole;

  @ApiProperty({ format: 'uuid' })
  created_by: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expires_at: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  max_uses: number | null;

  @ApiProperty({ type: 'integer' })
  use_count: number;
}

export class NewInviteLinkDto extends InviteLinkDto {
  @ApiProperty({ description: 'Shown only here: the server stores a hash. Put it into a URL of your app' })
  code: string;
}

export class InviteLinkPageDto extends PageOf(InviteLinkDto) {}

export class JoinedByLinkDto {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;
}
