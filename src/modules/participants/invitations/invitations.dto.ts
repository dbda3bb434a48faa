import { ApiProperty } from '@nestjs/swagger';
import { ListOf, PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { BooleanField, IntField, TextField, UuidField } from '../../../platform/validation/fields.js';
import { FieldRule, InputRule } from '../../../platform/validation/input-rules.js';
import { problemsOfEnd, TimeField } from '../../../platform/validation/time-field.js';
import { UserIdListField } from '../../../platform/validation/user-id-field.js';
import { ADDED_AT_ONCE_MAX, CONVERSATION_TYPES, type ConversationType } from '../participants.dto.js';

@InputRule(({ user_ids: ids, expires_at: end }: Partial<InviteDto>) =>
  problemsOfInvite({ user_ids: ids, expires_at: end }),
)
export class InviteDto {
  @UserIdListField({
    max: ADDED_AT_ONCE_MAX,
    description: 'Participants, and users who are already invited, are unchanged',
  })
  user_ids: string[];

  @TimeField({ optional: true, nullable: true, description: 'In 30 days when omitted or null' })
  expires_at?: string | null;
}

/** At least one user, and an end in the future. */
export function problemsOfInvite({ user_ids: ids, expires_at: end }: Partial<InviteDto>) {
  const isEmpty = ids?.length === 0;
  return [
    ...(isEmpty ? [{ field: 'user_ids', reason: 'must not be empty' }] : []),
    ...problemsOfEnd('expires_at', end),
  ];
}

export class ListInvitationsQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 when omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: 'Opaque; `next_cursor` of the previous page' })
  cursor?: string;
}

export class InvitationParam {
  @UuidField()
  id: string;
}

/** What a user may know of a conversation before they take part: neither messages nor participants. */
export class InvitedConversationDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: CONVERSATION_TYPES })
  type: ConversationType;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty()
  description: string;

  @ApiProperty({ type: String, nullable: true })
  picture: string | null;

  @ApiProperty({ type: 'integer' })
  participant_count: number;
}

export class InvitationDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid', description: 'The invited user' })
  user_id: string;

  @ApiProperty({ format: 'uuid' })
  invited_by: string;

  @ApiProperty({ description: 'The display name of the user who has invited' })
  invited_by_name: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  expires_at: string;

  @ApiProperty({ type: InvitedConversationDto })
  conversation: InvitedConversationDto;
}

export class InvitationListDto extends ListOf(InvitationDto) {}
export class InvitationPageDto extends PageOf(InvitationDto) {}

/** How a user becomes a participant. */
export class InvitationSettingsDto {
  @BooleanField({
    description: 'true: other users cannot add the user to groups and rooms, only invite them; the host’s backend can',
  })
  requires_invitation: boolean;
}
