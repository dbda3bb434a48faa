import { ApiProperty } from '@nestjs/swagger';
import { ListOf, PageOf } from '../../platform/pagination/page.js';
import { BooleanField } from '../../platform/validation/fields.js';
import { MessageDto } from './messages.dto.js';
import { PageQuery } from './message-queries.dto.js';

export class ListMentionsQuery extends PageQuery {
  @BooleanField({ optional: true, description: 'true: only unread messages' })
  unread?: boolean;
}

export class MessagePageDto extends PageOf(MessageDto) {
  @ApiProperty({ description: 'Whether there are messages older than those of the page' })
  has_older: boolean;

  @ApiProperty({ description: 'Whether there are messages newer than those of the page' })
  has_newer: boolean;

  @ApiProperty({ description: 'Last position of the conversation when the page was read: subscribe from here' })
  at_seq: number;

  @ApiProperty({ description: 'Resume cursor of the same time' })
  cursor: string;
}

export class MessageEditDto {
  @ApiProperty({ description: '1 is the original text' })
  version: number;

  @ApiProperty()
  content: string;

  @ApiProperty()
  edited_by: string;

  @ApiProperty({ format: 'date-time' })
  edited_at: string;
}

export class MessageReceiptDto {
  @ApiProperty()
  user_id: string;

  @ApiProperty()
  is_delivered: boolean;

  @ApiProperty()
  is_read: boolean;

  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'Time of the newest mark that includes the message',
  })
  marked_at: string | null;
}

/** Positions in UTF-16 code units, the units of strings in JavaScript, Java and C#. */
export class MatchDto {
  @ApiProperty({ description: 'First code unit of the match in `highlight`' })
  start: number;

  @ApiProperty({ description: 'First code unit after the match' })
  end: number;
}

export class MessageHitDto extends MessageDto {
  @ApiProperty({
    description:
      'The part of `content`, or of `forwarded.content` if that alone matches, around the first match; at most 240 code units',
  })
  highlight: string;

  @ApiProperty({ description: 'Where `highlight` begins in that text, in UTF-16 code units' })
  highlight_start: number;

  @ApiProperty({ type: [MatchDto], description: 'The matches within `highlight`, in order; at most 32' })
  matches: MatchDto[];
}

export class MessageListDto extends ListOf(MessageDto) {}

export class MentionPageDto extends PageOf(MessageDto) {}

export class MessageHistoryDto extends PageOf(MessageEditDto) {}

export class ThreadPageDto extends PageOf(MessageDto) {}

export class MessageReceiptPageDto extends PageOf(MessageReceiptDto) {}

export class MessageHitPageDto extends PageOf(MessageHitDto) {}
