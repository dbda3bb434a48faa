import { Injectable } from '@nestjs/common';
import { AuditLog, type AuditEntry } from '../../../platform/audit/audit-log.js';
import type { Queryable } from '../../../platform/database/sql.js';
import { AuditLogRepository } from './audit-log.repository.js';

/** Writes privileged acts down, where nobody can change them. */
@Injectable()
export class DatabaseAuditLog extends AuditLog {
  constructor(private readonly repository: AuditLogRepository) {
    super();
  }

  /** Inside the transaction of the act wherever there is one, so that no act goes unrecorded. */
  record(entry: AuditEntry, tx?: Queryable): Promise<void> {
    return this.repository.insert(entry, tx);
  }
}
