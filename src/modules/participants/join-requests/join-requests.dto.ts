import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../../platform/pagination/page.js';
import { TextField, UuidField } from '../../../platform/validation/fields.js';
import { InvitedConversationDto } from '../invitations/invitations.dto.js';

const MESSAGE_MAX = 500;

export class AskToJoinDto {
  @TextField({ max: MESSAGE_MAX, optional: true, description: 'Shown to those who decide' })
  message?: string;
}

export class JoinRequestParam {
  @UuidField()
  id: string;
}

export class JoinRequestDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid', description: 'The user who asks to join' })
  user_id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ type: String, nullable: true })
  avatar_url: string | null;

  @ApiProperty({ type: String, nullable: true })
  message: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  expires_at: string;

  @ApiProperty({ type: InvitedConversationDto })
  conversation: InvitedConversationDto;
}

export class JoinRequestPageDto extends PageOf(JoinRequestDto) {}
