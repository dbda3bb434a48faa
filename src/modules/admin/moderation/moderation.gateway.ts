import type { OnModuleInit } from '@nestjs/common';
import { DomainEvents } from '../../../platform/event-log/domain-events.js';
import { EventCatalogue } from '../../../platform/event-log/event-catalogue.js';
import { Broadcaster } from '../../../platform/realtime/fan-out/broadcaster.js';
import { Gateway } from '../../../platform/realtime/commands/frames.js';
import { ReportCreated, USER_WARNED } from './moderation.events.js';
import { Warnings } from './warnings.service.js';

/** Socket edge of moderation: new reports for moderators, warnings for their recipients. */
@Gateway()
export class ModerationGateway implements OnModuleInit {
  constructor(
    private readonly warnings: Warnings,
    private readonly catalogue: EventCatalogue,
    private readonly events: DomainEvents,
    private readonly broadcaster: Broadcaster,
  ) {}

  onModuleInit(): void {
    this.catalogue.declare({ type: USER_WARNED, present: (events) => this.warnings.present(events) });
    this.events.on(ReportCreated, ({ type, report, moderatorIds }) =>
      this.broadcaster.toUsers(moderatorIds, { type, class: 'state', key: `report:${report.report_id}`, data: report }),
    );
  }
}
