import { ApiProperty } from '@nestjs/swagger';
import { ListOf, PageOf, requireCursor } from '../../platform/pagination/page.js';
import type { FieldProblem } from '../../platform/errors/app-error.js';
import { BooleanField, EnumField, IntField, TextField, UuidField } from '../../platform/validation/fields.js';
import { JsonField } from '../../platform/validation/json-field.js';
import { UserIdField, UserIdListField } from '../../platform/validation/user-id-field.js';
import { problemsOfEnd, TimeField } from '../../platform/validation/time-field.js';
import { FieldRule, InputRule } from '../../platform/validation/input-rules.js';
import { MERGED_METADATA, METADATA_MAX_BYTES } from '../../platform/validation/merged-metadata.js';
import { METADATA_REF } from '../../platform/validation/safe-json.js';
import { PARTICIPANT_ROLES, type ParticipantRole } from './participant-roles.js';

export {
  CONVERSATION_TYPES,
  type ConversationType,
  PARTICIPANT_ROLES,
  type ParticipantRole,
} from './participant-roles.js';

/** What names a conversation in a path; an external id has at most 255 code points. */
export const CONVERSATION_NAME = {
  max: 264,
  description: 'Id of the conversation, `external:` and its external id, or slug of a room',
};

/** Users added by one call. */
export const ADDED_AT_ONCE_MAX = 256;

/** The reason for the use of a system role in a conversation of other users. */
export const REASON_MAX = 500;
export const REASON_DESCRIPTION =
  'Why a system role is used to enter or open a private conversation; it is audited, and visible to the participants';

const ASSIGNABLE_ROLES = ['admin', 'moderator', 'participant'] as const;

@InputRule(({ user_ids: ids }: Partial<AddParticipantsDto>) =>
  ids?.length === 0 ? [{ field: 'user_ids', reason: 'must not be empty' }] : [],
)
export class AddParticipantsDto {
  @UserIdListField({ max: ADDED_AT_ONCE_MAX, description: 'Users; existing participants are unchanged' })
  user_ids: string[];

  @EnumField({
    values: ASSIGNABLE_ROLES,
    optional: true,
    description: 'participant when omitted; at most the role of the caller',
  })
  role?: Exclude<ParticipantRole, 'owner'>;

  @TextField({ max: REASON_MAX, optional: true, description: REASON_DESCRIPTION })
  reason?: string;
}

@InputRule(problemsOfMute)
export class ChangeParticipantDto {
  @EnumField({ values: PARTICIPANT_ROLES, optional: true, description: 'owner transfers the ownership' })
  role?: ParticipantRole;

  @BooleanField({ optional: true, description: 'true: may not post' })
  is_muted?: boolean;

  @TimeField({ optional: true, nullable: true, description: 'End of the mute; unlimited if omitted or null' })
  muted_until?: string | null;

  @TextField({ max: REASON_MAX, optional: true, description: 'Why the participant is muted; all participants see it' })
  mute_reason?: string;
}

/** An end and a reason are of a mute, and a new mute ends in the future. */
export function problemsOfMute({ is_muted, muted_until, mute_reason }: Partial<ChangeParticipantDto>): FieldProblem[] {
  const fields = Object.entries({ muted_until: muted_until ?? undefined, mute_reason });
  const misplaced = is_muted === true ? [] : fields.filter(([, value]) => value !== undefined);
  return [
    ...misplaced.map(([field]) => ({ field, reason: 'requires is_muted: true' })),
    ...problemsOfEnd('muted_until', muted_until),
  ];
}

export class ListParticipantsQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 when omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: 'Opaque; `next_cursor` of the previous page' })
  cursor?: string;

  @EnumField({ values: PARTICIPANT_ROLES, optional: true })
  role?: ParticipantRole;
}

export class ParticipantUserParam {
  @TextField(CONVERSATION_NAME)
  id: string;

  @UserIdField()
  user_id: string;
}

/** Marks messages up to and including this one; exactly one of the two. */
@InputRule((mark: Partial<MarkDto>, _config, invalidFields) => problemsOfMark(mark, invalidFields))
export class MarkDto {
  @UuidField({ optional: true, description: 'A message of the conversation' })
  message_id?: string;

  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'The sequence_number of a message',
    example: 1,
  })
  sequence_number?: number;
}

/** Exactly one of the two fields is required. */
export function problemsOfMark(mark: Partial<MarkDto>, invalidFields?: ReadonlySet<string>): FieldProblem[] {
  if (invalidFields?.has('message_id') || invalidFields?.has('sequence_number')) return [];
  const isOne = (mark.message_id === undefined) !== (mark.sequence_number === undefined);
  return isOne ? [] : [{ field: 'message_id', reason: 'give either message_id or sequence_number' }];
}

export class MarkFrameDto extends MarkDto {
  @UuidField()
  conversation_id: string;
}

export class SetPreferencesDto {
  @BooleanField({ optional: true })
  is_archived?: boolean;

  @BooleanField({ optional: true, description: 'true: no notifications' })
  is_muted?: boolean;

  @TimeField({ optional: true, nullable: true, description: 'End of is_muted; null: no end' })
  muted_until?: string | null;

  @BooleanField({ optional: true })
  is_pinned?: boolean;

  @JsonField({ maxBytes: METADATA_MAX_BYTES, optional: true, description: MERGED_METADATA })
  metadata?: Record<string, unknown>;
}

/** A user's own preferences for a conversation, visible to no other user. */
export class ConversationPreferencesDto {
  @ApiProperty()
  is_archived: boolean;

  @ApiProperty()
  is_muted: boolean;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  muted_until: string | null;

  @ApiProperty()
  is_pinned: boolean;

  @ApiProperty({ description: 'Not listed until the next message: there is none above hidden_at_number' })
  is_hidden: boolean;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'The sequence_number of the newest message when the user has hidden the conversation; null: not hidden',
  })
  hidden_at_number: number | null;

  @ApiProperty({ ...METADATA_REF, description: 'The user’s own data for the conversation' })
  metadata: Record<string, unknown>;
}

/** The preferences as they are stored. */
export interface PreferencesRow {
  readonly is_archived: boolean;
  readonly is_silenced: boolean;
  readonly silenced_until: Date | null;
  readonly is_pinned: boolean;
  readonly is_hidden: boolean;
  readonly hidden_at_number: number | null;
  /** Null: none. */
  readonly metadata: Record<string, unknown> | null;
}

/** A mute whose end has passed is no longer in force. */
export function presentPreferences(row: PreferencesRow, now = new Date()): ConversationPreferencesDto {
  const isMuted = row.is_silenced && (row.silenced_until === null || row.silenced_until > now);
  return {
    is_archived: row.is_archived,
    is_muted: isMuted,
    muted_until: isMuted ? (row.silenced_until?.toISOString() ?? null) : null,
    is_pinned: row.is_pinned,
    is_hidden: row.is_hidden,
    hidden_at_number: row.hidden_at_number,
    metadata: row.metadata ?? {},
  };
}

/** A participant as events about them have it: their marks are sent as `receipt.updated`. */
export class EventParticipantDto {
  @ApiProperty()
  user_id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ type: String, nullable: true })
  avatar_url: string | null;

  @ApiProperty({ description: 'The account is banned from the server' })
  is_banned: boolean;

  @ApiProperty({ enum: PARTICIPANT_ROLES })
  role: ParticipantRole;

  @ApiProperty({ description: 'May not post' })
  is_muted: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'End of the mute, if it has one' })
  muted_until: string | null;

  @ApiProperty({ format: 'date-time' })
  joined_at: string;
}

export class ParticipantDto extends EventParticipantDto {
  @ApiProperty({ type: String, nullable: true, description: 'Why they are muted, if a moderator gave a reason' })
  mute_reason: string | null;

  @ApiProperty({ description: 'sequence_number of the newest message read' })
  last_read_number: number;

  @ApiProperty({ description: 'sequence_number of the newest message delivered' })
  last_delivered_number: number;
}

export class ParticipantListDto extends ListOf(ParticipantDto) {}

export class ParticipantPageDto extends PageOf(ParticipantDto) {
  @ApiProperty({ description: 'Last position of the conversation before the page was read: subscribe from here' })
  at_seq: number;
}

/** The marks of the actor in a conversation. */
export class ReadStateDto {
  @ApiProperty()
  conversation_id: string;

  @ApiProperty({ description: 'Messages above this sequence_number are unread' })
  last_read_number: number;

  @ApiProperty({ description: 'sequence_number of the newest message delivered' })
  last_delivered_number: number;

  @ApiProperty()
  unread_count: number;

  @ApiProperty({ description: 'Unread messages that mention the caller' })
  mention_count: number;
}
