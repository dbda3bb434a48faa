import { ApiProperty } from '@nestjs/swagger';
import { ListOf } from '../../../platform/pagination/page.js';
import { BODY_TEXT_MAX, BooleanField, TextField, UuidListField } from '../../../platform/validation/fields.js';
import { MessageDto } from '../messages.dto.js';

export const FORWARD_TARGETS_MAX = 10;

/** Where a message is forwarded to, and what its sender adds. */
export class ForwardMessageDto {
  @UuidListField({ max: FORWARD_TARGETS_MAX, description: 'Conversations in which the caller may write, at least 1' })
  conversation_ids: string[];

  @TextField({ max: BODY_TEXT_MAX, optional: true, description: 'A comment: the text of the new messages' })
  content?: string;

  @BooleanField({ optional: true, description: 'As for a send' })
  silent?: boolean;

  @BooleanField({ optional: true, description: 'As for a send' })
  skip_push?: boolean;

  @TextField({
    min: 1,
    max: 128,
    optional: true,
    description: 'Idempotency key: with it, each conversation receives the message once',
  })
  client_message_id?: string;
}

export class ForwardErrorDto {
  @ApiProperty({ description: 'The code with which a send would be refused', example: 'PERMISSION_DENIED' })
  code: string;

  @ApiProperty({ description: 'For people; may change' })
  message: string;

  @ApiProperty({
    type: 'integer',
    required: false,
    description: 'Seconds until the next attempt, if one is worthwhile',
  })
  retry_after?: number;
}

/** What became of a forwarded message in one conversation. */
export class ForwardResultDto {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: MessageDto, nullable: true, description: 'null if it was not sent' })
  message: MessageDto | null;

  @ApiProperty({ type: ForwardErrorDto, nullable: true, description: 'Why it was not sent' })
  error: ForwardErrorDto | null;
}

export class ForwardResultListDto extends ListOf(ForwardResultDto) {}
