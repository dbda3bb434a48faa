import { ApiProperty } from '@nestjs/swagger';
import type { FieldProblem } from '../../platform/errors/app-error.js';
import { ListOf } from '../../platform/pagination/page.js';
import { BooleanField, IntField, TextField, TextListField, UuidListField } from '../../platform/validation/fields.js';
import { UserIdListField } from '../../platform/validation/user-id-field.js';
import { EXTERNAL_ID_MAX } from '../../platform/validation/user-references.js';
import { InputRule } from '../../platform/validation/input-rules.js';

/** How many messages back a conversation can be marked as unread: its unread count reads as many. */
export const UNREAD_FROM_MAX = 1000;
/** Conversations and users that one call may name. */
const CONVERSATIONS_MAX = 100;
const USERS_MAX = 100;

export class MarkUnreadDto {
  @IntField({
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    description: `The sequence_number of the first message that is unread again: one of the newest ${UNREAD_FROM_MAX}`,
    example: 1,
  })
  sequence_number: number;
}

@InputRule(problemsOfReadMany)
export class ReadManyDto {
  @BooleanField({ optional: true, description: 'true: all conversations of the caller', example: true })
  all?: boolean;

  @UuidListField({
    max: CONVERSATIONS_MAX,
    optional: true,
    description: 'Conversations of the caller; others are ignored',
  })
  conversation_ids?: string[];

  @TextField({
    max: 512,
    optional: true,
    description:
      'The `cursor` of GET /users/me/unread, or any resume cursor: messages that are newer stay unread. All messages are ' +
      'marked when omitted',
  })
  cursor?: string;
}

@InputRule(problemsOfUsersUnread)
export class UsersUnreadDto {
  @UserIdListField({ max: USERS_MAX, optional: true, description: 'Users by their ids' })
  user_ids?: string[];

  @TextListField({
    max: USERS_MAX,
    maxLength: EXTERNAL_ID_MAX,
    optional: true,
    description: 'Users by their ids in the host product',
    example: ['user-1'],
  })
  external_ids?: string[];
}

/** Exactly one of `all` and `conversation_ids` is required. */
export function problemsOfReadMany(
  { all, conversation_ids: ids }: Partial<ReadManyDto>,
  _config?: unknown,
  invalid?: ReadonlySet<string>,
): FieldProblem[] {
  if (invalid?.has('all') || invalid?.has('conversation_ids')) return [];
  if ((all === true) !== (ids !== undefined)) return [];
  return [{ field: 'conversation_ids', reason: 'give either conversation_ids or all: true' }];
}

/** Exactly one of the two lists is required. */
export function problemsOfUsersUnread(
  { user_ids: ids, external_ids: externalIds }: Partial<UsersUnreadDto>,
  _config?: unknown,
  invalid?: ReadonlySet<string>,
): FieldProblem[] {
  if (invalid?.has('user_ids') || invalid?.has('external_ids')) return [];
  if ((ids === undefined) !== (externalIds === undefined)) return [];
  return [{ field: 'user_ids', reason: 'give either user_ids or external_ids' }];
}

/** What is unread for a user in all conversations. */
export class UnreadTotalsDto {
  @ApiProperty({ type: 'integer', description: 'Unread messages in all conversations that are not muted' })
  total: number;

  @ApiProperty({ type: 'integer', description: 'Conversations with unread messages that are not muted' })
  conversations: number;

  @ApiProperty({ type: 'integer', description: 'Unread messages that mention the user, also in muted conversations' })
  mentions: number;

  @ApiProperty({
    type: 'integer',
    description: 'Followed threads with unread replies in conversations that are not muted',
  })
  threads: number;
}

export class UnreadDto extends UnreadTotalsDto {
  @ApiProperty({ description: 'The time of these counts, for POST /users/me/read: what is newer stays unread' })
  cursor: string;
}

export class UserUnreadDto extends UnreadTotalsDto {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ type: String, nullable: true })
  external_id: string | null;
}

export class UserUnreadListDto extends ListOf(UserUnreadDto) {}
