import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../../platform/event-log/domain-events.js';
import { REPORT_CATEGORIES } from './reports.dto.js';

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

export class ReportCreatedData {
  @ApiProperty({ format: 'uuid' })
  report_id: string;

  @ApiProperty()
  target_type: string;

  @ApiProperty()
  category: string;
}

/** A user has reported something; all moderators are notified. */
export class ReportCreated extends DomainEvent {
  static readonly type = 'report.created';
  readonly type = ReportCreated.type;

  constructor(
    readonly report: ReportCreatedData,
    readonly moderatorIds: string[],
  ) {
    super();
  }
}
