import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { AdminWorkerModule } from './modules/admin/admin.worker.module.js';
import { ContentRulesModule } from './modules/admin/moderation/content-rules.module.js';
import { ActivityModule } from './modules/admin/activity/activity.module.js';
import { AuditLogModule } from './modules/admin/audit/audit-log.module.js';
import { AuthWorkerModule } from './modules/auth/auth.worker.module.js';
import { FilesWorkerModule } from './modules/files/files.worker.module.js';
import { MessagesWorkerModule } from './modules/messages/messages.worker.module.js';
import { StreamAccessModule } from './modules/participants/stream-access.module.js';
import { ParticipantsWorkerModule } from './modules/participants/participants.worker.module.js';
import { BeforeSendModule } from './modules/webhooks/before-send/before-send.module.js';
import { WebhooksWorkerModule } from './modules/webhooks/webhooks.worker.module.js';
import type { Config } from './platform/config/config.js';
import { ConfigModule } from './platform/config/config.module.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { EventLogModule } from './platform/event-log/event-log.module.js';
import { HealthModule } from './platform/health/health.module.js';
import { StartupBannerModule } from './platform/logging/startup-banner.js';
import { MetricsModule } from './platform/metrics/metrics.module.js';
import { QueueModule } from './platform/queue/queue.module.js';
import { FanOutModule } from './platform/realtime/fan-out/fan-out.module.js';
import { ScheduleWorkerModule } from './platform/schedule/schedule.worker.module.js';
import { ThrottlingModule } from './platform/throttling/throttling.module.js';

/** The modules with processors; no other module has any. */
export const WORKER_MODULES: readonly Type[] = [
  ScheduleWorkerModule,
  AuthWorkerModule,
  ParticipantsWorkerModule,
  FilesWorkerModule,
  MessagesWorkerModule,
  WebhooksWorkerModule,
  AdminWorkerModule,
];

/** Background work only, without HTTP and sockets. */
@Module({})
export class WorkerModule {
  static of(config: Config): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        DatabaseModule,
        ConfigModule.of(config),
        StartupBannerModule,
        QueueModule.forRoot(),
        HealthModule,
        ThrottlingModule,
        MetricsModule,
        // This process has no connections; jobs notify clients through the bus.
        EventLogModule,
        StreamAccessModule,
        AuditLogModule,
        FanOutModule,
        ActivityModule,
        ContentRulesModule,
        BeforeSendModule,
        ...WORKER_MODULES,
      ],
    };
  }
}
