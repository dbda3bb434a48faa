import { Global, Module } from '@nestjs/common';
import { AuditLog } from '../../../platform/audit/audit-log.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { DatabaseAuditLog } from './database-audit-log.service.js';

/** Where any module records what it let somebody do by rank. Global, because lower modules know of no higher one. */
@Global()
@Module({
  providers: [DatabaseAuditLog, AuditLogRepository, { provide: AuditLog, useExisting: DatabaseAuditLog }],
  exports: [DatabaseAuditLog, AuditLogRepository, AuditLog],
})
export class AuditLogModule {}
