import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, TextField, TextListField } from '../../../platform/validation/fields.js';
import { TimeField } from '../../../platform/validation/time-field.js';

const QUESTION_MAX = 300;
export const POLL_OPTIONS_MAX = 20;
const OPTION_MAX = 200;

/** The poll of a message that is sent. */
export class NewPollDto {
  @TextField({ min: 1, max: QUESTION_MAX, description: 'The question', example: 'When do we meet?' })
  question: string;

  @TextListField({
    max: POLL_OPTIONS_MAX,
    maxLength: OPTION_MAX,
    description: 'The answers, at least 2, each different',
    example: ['On Monday', 'On Tuesday'],
  })
  options: string[];

  @BooleanField({ optional: true, description: 'Whether a user may choose several options; false when omitted' })
  multiple?: boolean;

  @BooleanField({ optional: true, description: 'Whether no one sees who has voted; false when omitted' })
  anonymous?: boolean;

  @TimeField({ optional: true, nullable: true, description: 'No votes are accepted from this time on' })
  closes_at?: string | null;
}

export class VoteDto {
  @TextListField({
    max: POLL_OPTIONS_MAX,
    maxLength: 16,
    description:
      'Ids of the chosen options, which replace the caller’s earlier votes: one, or several if the poll allows it',
    example: ['1'],
  })
  option_ids: string[];
}

export class PollOptionDto {
  @ApiProperty({ description: 'Unique in the poll' })
  id: string;

  @ApiProperty()
  text: string;

  @ApiProperty({ type: 'integer' })
  vote_count: number;

  @ApiProperty({ type: [String], description: 'The first 100 users who chose it; empty if the poll is anonymous' })
  user_ids: string[];

  @ApiProperty({
    required: false,
    description: 'Whether the caller chose it; events have it only for the user who voted',
  })
  own?: boolean;
}

export class PollDto {
  @ApiProperty()
  question: string;

  @ApiProperty({ type: [PollOptionDto] })
  options: PollOptionDto[];

  @ApiProperty()
  multiple: boolean;

  @ApiProperty()
  anonymous: boolean;

  @ApiProperty({ type: 'integer', description: 'Users who have voted' })
  voter_count: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  closes_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Set when the poll was closed' })
  closed_at: string | null;
}

/** A poll as it is stored with its message; the votes are in a table of their own. */
export interface StoredPoll {
  readonly question: string;
  readonly options: readonly { readonly id: string; readonly text: string }[];
  readonly multiple: boolean;
  readonly anonymous: boolean;
  readonly closes_at: string | null;
  readonly closed_at: string | null;
}
