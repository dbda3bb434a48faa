import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuditController } from './audit/audit.controller.js';
import { ReadAuditLog } from './audit/read-audit-log.js';
import { ModerationModule } from './moderation/moderation.module.js';
import { AdminUsersModule } from './users/admin-users.module.js';

/** What only those who run the place do: accounts, the audit log, moderation, and seeing what the system does. */
@Module({
  imports: [UsersModule, AuthModule, ParticipantsModule, ModerationModule, AdminUsersModule],
  controllers: [AuditController],
  providers: [ReadAuditLog],
})
export class AdminModule {}
