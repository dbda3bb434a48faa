import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { FieldRule, InputRule } from '../../../platform/validation/input-rules.js';
import { problemsOfPageStart } from '../../messages/message-queries.dto.js';
import { EnumField, IntField, TextField, UuidField } from '../../../platform/validation/fields.js';
import { UserIdField } from '../../../platform/validation/user-id-field.js';
import { TimeField } from '../../../platform/validation/time-field.js';

export const REPORT_TARGETS = ['message', 'user', 'conversation'] as const;
export type ReportTarget = (typeof REPORT_TARGETS)[number];

export const REPORT_CATEGORIES = [
  'spam',
  'harassment',
  'hate',
  'violence',
  'sexual',
  'self_harm',
  'illegal',
  'other',
] as const;
export type ReportCategory = (typeof REPORT_CATEGORIES)[number];

export const REPORT_STATUSES = ['open', 'claimed', 'resolved'] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];

export const REPORT_OUTCOMES = ['dismissed', 'removed', 'warned', 'banned'] as const;
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

const TEXT_MAX = 1000;

export class CreateReportDto {
  @EnumField({ values: REPORT_TARGETS })
  target_type: ReportTarget;

  @UserIdField({ description: 'The id of the message, the user or the conversation' })
  target_id: string;

  @EnumField({ values: REPORT_CATEGORIES })
  category: ReportCategory;

  @TextField({ max: TEXT_MAX, optional: true, nullable: true, description: 'A comment for the moderators' })
  comment?: string | null;
}

@InputRule(problemsOfPageStart)
export class ReportedConversationQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;

  @IntField({ min: 0, max: Number.MAX_SAFE_INTEGER, optional: true, description: 'As for GET …/messages' })
  before_number?: number;

  @IntField({ min: 0, max: Number.MAX_SAFE_INTEGER, optional: true, description: 'As for GET …/messages' })
  after_number?: number;
}

export class ModeratedMessageParam {
  @UuidField()
  id: string;
}

export class ListReportsQuery {
  @EnumField({ values: REPORT_STATUSES, optional: true, description: 'open and claimed if omitted' })
  status?: ReportStatus;

  @EnumField({ values: REPORT_CATEGORIES, optional: true })
  category?: ReportCategory;

  @EnumField({ values: REPORT_TARGETS, optional: true })
  target_type?: ReportTarget;

  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

export class ReportIdParam {
  @UuidField()
  id: string;
}

export class ResolveReportDto {
  @EnumField({
    values: REPORT_OUTCOMES,
    description: 'The outcome; removed applies to messages and conversations only',
  })
  outcome: ReportOutcome;

  @TextField({ max: TEXT_MAX, optional: true, nullable: true, description: 'Visible to moderators only' })
  note?: string | null;

  @TextField({
    max: TEXT_MAX,
    optional: true,
    nullable: true,
    description: 'The user who is warned or banned receives it',
  })
  user_message?: string | null;

  @TimeField({ optional: true, nullable: true, description: 'End of a ban; unlimited if omitted' })
  until?: string | null;
}

export class UpdateReportDto {
  @EnumField({
    values: ['open', 'claimed'],
    optional: true,
    description: 'claimed: as POST …/claim; open: as POST …/release',
  })
  status?: 'open' | 'claimed';

  @EnumField({ values: REPORT_CATEGORIES, optional: true })
  category?: ReportCategory;

  @TextField({ max: TEXT_MAX, optional: true, nullable: true, description: 'Visible to moderators only' })
  note?: string | null;
}

/** A report in the form that the reporter receives. */
export class ReportDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: REPORT_TARGETS })
  target_type: ReportTarget;

  @ApiProperty({ format: 'uuid' })
  target_id: string;

  @ApiProperty({ enum: REPORT_CATEGORIES })
  category: ReportCategory;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class ReportedMessageDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  sequence_number: number;

  @ApiProperty({ format: 'uuid' })
  sender_id: string;

  @ApiProperty()
  sender_name: string;

  @ApiProperty({ description: 'Empty if the message is deleted' })
  content: string;

  @ApiProperty()
  is_deleted: boolean;

  @ApiProperty({ description: 'Its sender was shadow-banned, and alone sees it' })
  is_shadowed: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class ReportSubjectDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty()
  is_banned: boolean;

  @ApiProperty({ description: 'Other reports about this user' })
  past_reports: number;

  @ApiProperty({ description: 'Other reports about this user that were not dismissed' })
  past_sanctions: number;

  @ApiProperty()
  warnings: number;
}

export class ReportContextDto {
  @ApiProperty({ description: 'Number of users who have reported this target' })
  reporter_count: number;

  @ApiProperty({ type: ReportSubjectDto, nullable: true, description: 'The user that the report concerns' })
  subject: ReportSubjectDto | null;

  @ApiProperty({ type: [ReportedMessageDto], description: 'The message with up to five messages before and after it' })
  messages: ReportedMessageDto[];

  @ApiProperty({ type: String, nullable: true })
  conversation_title: string | null;
}

/** A report in the form that moderators see. */
export class AdminReportDto extends ReportDto {
  @ApiProperty({ format: 'uuid' })
  reporter_id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  conversation_id: string | null;

  @ApiProperty({ type: String, nullable: true })
  comment: string | null;

  @ApiProperty({ enum: REPORT_STATUSES })
  status: ReportStatus;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  claimed_by: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  claimed_until: string | null;

  @ApiProperty({ type: String, enum: REPORT_OUTCOMES, nullable: true })
  outcome: ReportOutcome | null;

  @ApiProperty({ type: String, nullable: true })
  note: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  resolved_by: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  resolved_at: string | null;

  @ApiProperty({ type: ReportContextDto })
  context: ReportContextDto;
}

export class AdminReportPageDto extends PageOf(AdminReportDto) {}
