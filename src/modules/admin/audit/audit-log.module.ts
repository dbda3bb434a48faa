import { Global, Module } from '@nestjs/common';
import { AuditLog } from '../../../platform/audit/audit-log.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { DatabaseAuditLog } from './database-audit-log.service.js';

/** The audit log for all modules. Global, because lower modules may not import a higher one. */
@Global()
@Module({
  providers: [DatabaseAuditLog, AuditLogRepository, { provide: AuditLog, useExisting: DatabaseAuditLog }],
  exports: [DatabaseAuditLog, AuditLogRepository, AuditLog],
})
export class AuditLogModule {}
