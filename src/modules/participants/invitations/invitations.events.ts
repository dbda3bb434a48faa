import { ApiProperty } from '@nestjs/swagger';
import { InvitationDto } from './invitations.dto.js';

/** Durable events of the invited user's own stream; `subjectId` is the invitation. */
export const INVITATION_CREATED = 'invitation.created';
export const INVITATION_ENDED = 'invitation.ended';

export const INVITATION_OUTCOMES = ['accepted', 'declined', 'withdrawn'] as const;
export type InvitationOutcome = (typeof INVITATION_OUTCOMES)[number];

export class InvitationData {
  @ApiProperty({ type: InvitationDto })
  invitation: InvitationDto;
}

export class InvitationEndedData {
  @ApiProperty({ format: 'uuid' })
  invitation_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ enum: INVITATION_OUTCOMES })
  outcome: InvitationOutcome;
}
