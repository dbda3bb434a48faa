import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../../platform/pagination/page.js';
import { TextField, UuidField } from '../../../platform/validation/fields.js';
import { PageQuery } from '../message-queries.dto.js';

const REACTION_DESCRIPTION =
  'One emoji, or `:name:` of 1 to 32 of a-z, 0-9, `_`, `+` and `-`. With and without its variation selector it is the same reaction, stored with the selector; different skin tones are different reactions';

export class ReactionFrameDto {
  @UuidField()
  message_id: string;

  @TextField({ min: 1, max: 64, description: REACTION_DESCRIPTION })
  emoji: string;
}

export class ReactionParams {
  @UuidField()
  id: string;

  @TextField({ min: 1, max: 64, description: REACTION_DESCRIPTION })
  emoji: string;
}

export class ListReactionsQuery extends PageQuery {
  @TextField({ min: 1, max: 64, optional: true, description: 'Only this reaction' })
  emoji?: string;
}

/** The reaction of one user. */
export class UserReactionDto {
  @ApiProperty()
  emoji: string;

  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class UserReactionPageDto extends PageOf(UserReactionDto) {}
