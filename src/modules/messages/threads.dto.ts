import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../platform/pagination/page.js';
import { BooleanField, IntField } from '../../platform/validation/fields.js';
import { MessageDto } from './messages.dto.js';
import { PageQuery } from './message-queries.dto.js';

export class ListThreadsQuery extends PageQuery {
  @BooleanField({ optional: true, description: 'true: only threads with unread replies' })
  unread?: boolean;
}

export class ListRepliesQuery extends PageQuery {
  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'Replies with a higher sequence_number, oldest first',
  })
  after_number?: number;

  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'Replies with a lower sequence_number, newest first',
  })
  before_number?: number;
}

export class MarkThreadDto {
  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    description: 'The sequence_number of the newest reply that was read',
    example: 1,
  })
  sequence_number: number;
}

/** A thread as the caller follows and has read it. */
export class ThreadStateDto {
  @ApiProperty({ format: 'uuid', description: 'The message under which the replies are' })
  root_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty()
  is_following: boolean;

  @ApiProperty({ type: 'integer', description: 'Replies above this sequence_number are unread' })
  last_read_number: number;

  @ApiProperty({ type: 'integer', description: 'Unread replies of others' })
  unread_count: number;
}

export class ThreadDto extends ThreadStateDto {
  @ApiProperty({ type: MessageDto, nullable: true, description: 'null if the caller does not see it' })
  root: MessageDto | null;
}

export class ThreadInboxDto extends PageOf(ThreadDto) {}
