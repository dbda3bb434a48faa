import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../../platform/event-log/domain-events.js';
import { REPORT_CATEGORIES, REPORT_OUTCOMES, REPORT_TARGETS } from './reports.dto.js';

/** Durable, on the user's own stream; the subject is the warning. The moderator is not disclosed. */
export const USER_WARNED = 'user.warned';

export class WarningDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: REPORT_CATEGORIES })
  category: string;

  @ApiProperty({ description: 'The text of the moderator to the user' })
  message: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class UserWarnedData {
  @ApiProperty({ type: WarningDto })
  warning: WarningDto;
}

/** For webhooks with the scope all; the names of the data are those of `GET /admin/reports/{id}`. */
export const REPORT_CREATED = 'report.created';
export const REPORT_RESOLVED = 'report.resolved';

export class ReportCreatedData {
  @ApiProperty({ format: 'uuid' })
  report_id: string;

  @ApiProperty()
  target_type: string;

  @ApiProperty()
  category: string;
}

/** What a webhook receives of a report. Comments and notes are read with `GET /admin/reports/{id}`. */
export class ReportFacts {
  @ApiProperty({ format: 'uuid' })
  report_id: string;

  @ApiProperty({ format: 'uuid' })
  reporter_id: string;

  @ApiProperty({ enum: REPORT_TARGETS })
  target_type: string;

  @ApiProperty({ format: 'uuid' })
  target_id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The conversation of the target' })
  conversation_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The user that the report concerns' })
  subject_id: string | null;

  @ApiProperty({ enum: REPORT_CATEGORIES })
  category: string;

  @ApiProperty({
    type: String,
    enum: REPORT_OUTCOMES,
    nullable: true,
    description: 'null until the report is resolved',
  })
  outcome: string | null;
}

/** A user has reported something; all moderators are notified. */
export class ReportCreated extends DomainEvent {
  static readonly type = REPORT_CREATED;
  readonly type = ReportCreated.type;

  constructor(
    readonly report: ReportCreatedData,
    readonly moderatorIds: string[],
  ) {
    super();
  }
}
