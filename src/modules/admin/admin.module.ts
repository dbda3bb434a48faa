import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { LegalHoldsModule } from '../conversations/legal-holds/legal-holds.module.js';
import { FilesModule } from '../files/files.module.js';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { AdminController } from './admin.controller.js';
import { AdminGateway } from './admin.gateway.js';
import { AdminRepository } from './admin.repository.js';
import { AdminService } from './admin.service.js';
import { AuditController } from './audit/audit.controller.js';
import { ReadAuditLog } from './audit/read-audit-log.js';
import { AdminConversationsController } from './conversations/admin-conversations.controller.js';
import { AdminConversationsRepository } from './conversations/admin-conversations.repository.js';
import { AdminConversationsService } from './conversations/admin-conversations.service.js';
import { ServerKeysController } from './keys/server-keys.controller.js';
import { DashboardStats } from './monitoring/dashboard-stats.js';
import { LiveStats } from './monitoring/live-stats.js';
import { ModerationModule } from './moderation/moderation.module.js';
import { NodeMetrics } from './monitoring/node-metrics.js';
import { AccountDeletionsRepository } from './users/account-deletions.repository.js';
import { AdminAccountsController } from './users/admin-accounts.controller.js';
import { AdminUserOffsetPages } from './users/admin-user-offset-pages.js';
import { AdminUserOffsetPagesRepository } from './users/admin-user-offset-pages.repository.js';
import { ShadowBansController } from './users/shadow-bans.controller.js';
import { AdminUsersController } from './users/admin-users.controller.js';
import { AdminUsersRepository } from './users/admin-users.repository.js';
import { AdminUsersService } from './users/admin-users.service.js';
import { DeleteAccount } from './users/delete-account.js';
import { ExportAccount } from './users/export-account.js';
import { ExportRepository } from './users/export.repository.js';
import { HostAccountsController } from './users/host-accounts.controller.js';
import { OwnAccountController } from './users/own-account.controller.js';

/**
 * Administration: accounts with their export and deletion, server keys, conversations, the audit log, moderation,
 * monitoring.
 */
@Module({
  imports: [
    UsersModule,
    AuthModule,
    ParticipantsModule,
    LegalHoldsModule,
    FilesModule,
    WebhooksModule,
    ModerationModule,
  ],
  controllers: [
    AdminController,
    AuditController,
    AdminUsersController,
    ShadowBansController,
    AdminAccountsController,
    OwnAccountController,
    HostAccountsController,
    AdminConversationsController,
    ServerKeysController,
  ],
  providers: [
    ...[AdminService, AdminGateway, AdminRepository, DashboardStats, NodeMetrics, LiveStats],
    ...[AdminUsersService, AdminUsersRepository, AdminUserOffsetPages, AdminUserOffsetPagesRepository],
    ...[DeleteAccount, AccountDeletionsRepository, ExportAccount, ExportRepository],
    ...[AdminConversationsService, AdminConversationsRepository, ReadAuditLog],
  ],
  exports: [AdminService, AdminUsersService, AdminUserOffsetPages],
})
export class AdminModule {}
