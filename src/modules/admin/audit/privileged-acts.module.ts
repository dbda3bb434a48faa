import { Global, Module } from '@nestjs/common';
import { PrivilegedActs } from '../../../platform/audit/privileged-acts.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { AuditLog } from './audit-log.service.js';

/** Where any module records what it let somebody do by rank. Global, because lower modules know of no higher one. */
@Global()
@Module({
  providers: [AuditLog, AuditLogRepository, { provide: PrivilegedActs, useExisting: AuditLog }],
  exports: [AuditLog, AuditLogRepository, PrivilegedActs],
})
export class PrivilegedActsModule {}
