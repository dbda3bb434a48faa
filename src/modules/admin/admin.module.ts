import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { AuditController } from './audit/audit.controller.js';
import { ReadAuditLog } from './audit/read-audit-log.js';

/** What only those who run the place do: accounts, the audit log, moderation, and seeing what the system does. */
@Module({
  imports: [UsersModule],
  controllers: [AuditController],
  providers: [ReadAuditLog],
})
export class AdminModule {}
