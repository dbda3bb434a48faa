import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { dialectModules } from './dialects/dialects.js';
import { ActivityModule } from './modules/admin/activity/activity.module.js';
import { AdminModule } from './modules/admin/admin.module.js';
import { AuditLogModule } from './modules/admin/audit/audit-log.module.js';
import { AuthModule } from './modules/auth/auth.module.js';
import { ConversationsModule } from './modules/conversations/conversations.module.js';
import { FilesModule } from './modules/files/files.module.js';
import { MessagesModule } from './modules/messages/messages.module.js';
import { StreamAccessModule } from './modules/participants/stream-access.module.js';
import { ParticipantsModule } from './modules/participants/participants.module.js';
import { PresenceModule } from './modules/presence/presence.module.js';
import { UsersModule } from './modules/users/users.module.js';
import { WebhooksModule } from './modules/webhooks/webhooks.module.js';
import type { Config } from './platform/config/config.js';
import { ConfigModule } from './platform/config/config.module.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { EventLogModule } from './platform/event-log/event-log.module.js';
import { ApiHealthModule, HealthModule } from './platform/health/health.module.js';
import { HttpModule } from './platform/http/http.module.js';
import { StartupBannerModule } from './platform/logging/startup-banner.js';
import { ApiMetricsModule, MetricsModule } from './platform/metrics/metrics.module.js';
import { QueueModule } from './platform/queue/queue.module.js';
import { FanOutModule } from './platform/realtime/fan-out/fan-out.module.js';
import { RealtimeModule } from './platform/realtime/realtime.module.js';
import { ThrottlingModule } from './platform/throttling/throttling.module.js';
import { WORKER_MODULES } from './worker.module.js';

/** The modules of the chat, lowest level first. */
const FEATURE_MODULES: readonly Type[] = [
  UsersModule,
  AuthModule,
  ParticipantsModule,
  ConversationsModule,
  PresenceModule,
  FilesModule,
  MessagesModule,
  WebhooksModule,
  AdminModule,
];

/** The whole program: HTTP and sockets, and background work unless `PROCESS_ROLE=api`. */
@Module({})
export class AppModule {
  static of(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // Global modules are shut down in reverse order: the database is closed last.
        DatabaseModule,
        ConfigModule.of(config),
        StartupBannerModule,
        QueueModule.forRoot(),
        HealthModule,
        ThrottlingModule,
        MetricsModule,
        HttpModule,
        ApiHealthModule,
        EventLogModule,
        StreamAccessModule,
        AuditLogModule,
        FanOutModule,
        RealtimeModule,
        ApiMetricsModule,
        ActivityModule,
        ...FEATURE_MODULES,
        ...dialectModules(config),
        ...(config.processRole === 'api' ? [] : WORKER_MODULES),
      ],
    };
  }
}
