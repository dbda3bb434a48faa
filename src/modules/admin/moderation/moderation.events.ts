import { DomainEvent } from '../../../platform/event-log/domain-events.js';

/** Durable, on the user's own stream; the subject is the warning. The moderator is not disclosed. */
export const USER_WARNED = 'user.warned';

/** A user has reported something; all moderators are notified. */
export class ReportCreated extends DomainEvent {
  static readonly type = 'report.created';
  readonly type = ReportCreated.type;

  constructor(
    readonly report: { readonly report_id: string; readonly target_type: string; readonly category: string },
    readonly moderatorIds: string[],
  ) {
    super();
  }
}
