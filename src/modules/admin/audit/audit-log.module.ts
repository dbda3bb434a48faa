import { Global, Module } from '@nestjs/common';
import { AuditLog } from '../../../platform/audit/audit-log.js';
import { AuditLogRepository } from './audit-log.repository.js';

/** The audit log for all modules. Global, because lower modules may not import a higher one. */
@Global()
@Module({
  providers: [AuditLogRepository, { provide: AuditLog, useExisting: AuditLogRepository }],
  exports: [AuditLogRepository, AuditLog],
})
export class AuditLogModule {}
