import { Injectable } from '@nestjs/common';
import { AuditLog, type AuditEntry } from '../../../platform/audit/audit-log.js';
import type { Queryable } from '../../../platform/database/sql.js';
import { AuditLogRepository } from './audit-log.repository.js';

/** Records privileged actions in the database, where they cannot be changed. */
@Injectable()
export class DatabaseAuditLog extends AuditLog {
  constructor(private readonly repository: AuditLogRepository) {
    super();
  }

  /** Runs inside the transaction of the action if there is one, so that no action is unrecorded. */
  record(entry: AuditEntry, tx?: Queryable): Promise<void> {
    return this.repository.insert(entry, tx);
  }
}
