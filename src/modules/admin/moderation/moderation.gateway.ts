import { OnDomainEvent } from '../../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../../platform/realtime/fan-out/broadcaster.js';
import { Gateway } from '../../../platform/realtime/commands/gateway.decorators.js';
import { SendsSignal } from '../../../platform/realtime/protocol/declared-signals.js';
import { ReportCreated, ReportCreatedData } from './moderation.events.js';

/** Socket edge of moderation: new reports for moderators. */
@Gateway()
@SendsSignal(ReportCreated.type, ReportCreatedData, 'Sent to moderators: a user has filed a report.')
export class ModerationGateway {
  constructor(private readonly broadcaster: Broadcaster) {}

  @OnDomainEvent(ReportCreated)
  announce({ type, report, moderatorIds }: ReportCreated): void {
    const key = `report:${report.report_id}`;
    this.broadcaster.toUsers(moderatorIds, { type, class: 'state', key, data: report });
  }
}
