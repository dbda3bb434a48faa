import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { AdminController } from './admin.controller.js';
import { AdminGateway } from './admin.gateway.js';
import { AdminRepository } from './admin.repository.js';
import { AdminService } from './admin.service.js';
import { AuditController } from './audit/audit.controller.js';
import { ReadAuditLog } from './audit/read-audit-log.js';
import { ModerationModule } from './moderation/moderation.module.js';
import { DashboardStats } from './dashboard-stats.js';
import { LiveStats } from './live-stats.js';
import { NodeMetrics } from './node-metrics.js';
import { AdminConversationsModule } from './conversations/admin-conversations.module.js';
import { AdminUsersModule } from './users/admin-users.module.js';

/** Administration: accounts, the audit log, moderation and monitoring. */
@Module({
  imports: [UsersModule, AuthModule, ParticipantsModule, ModerationModule, AdminUsersModule, AdminConversationsModule],
  controllers: [AdminController, AuditController],
  providers: [
    ...[AdminService, AdminGateway, AdminRepository, DashboardStats, NodeMetrics, LiveStats],
    ...[ReadAuditLog],
  ],
  exports: [AdminService, AdminUsersModule],
})
export class AdminModule {}
