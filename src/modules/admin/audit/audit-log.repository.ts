import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import { type AuditEntry, AuditLog } from '../../../platform/audit/audit-log.js';
import type { SystemRole } from '../../../platform/identity/actor.js';

export interface AuditRow {
  readonly id: string;
  readonly at: Date;
  readonly actor_id: string | null;
  readonly actor_role: SystemRole | null;
  readonly action: string;
  readonly target_type: string;
  readonly target_id: string | null;
  readonly reason: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly request_id: string | null;
  readonly server_key_id: string | null;
  readonly server_key_name: string | null;
}

export interface AuditFilter {
  readonly actorId?: string;
  readonly action?: string;
  readonly targetType?: string;
  readonly targetId?: string;
  readonly from?: string;
  readonly to?: string;
}

const INSERT = statement<unknown>(
  'admin.insert_audit_entry',
  `insert into audit_log (id, actor_id, actor_role, action, target_type, target_id, reason, before, after, request_id,
                          server_key_id, server_key_name)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
);

const PAGE = statement<AuditRow>(
  'admin.page_audit_log',
  `select id, at, actor_id, actor_role, action, target_type, target_id, reason, before, after, request_id,
          server_key_id, server_key_name
     from audit_log
    where ($1::uuid is null or actor_id = $1 or server_key_id = $1) and ($2::text is null or action = $2)
      and ($3::text is null or target_type = $3) and ($4::text is null or target_id = $4)
      and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
      and ($7::timestamptz is null or (at, id) < ($7, $8::uuid))
    order by at desc, id desc limit $9`,
);

/** The audit log in the database, where entries cannot be changed. Owns: audit_log. Reads: nothing else. */
@Injectable()
export class AuditLogRepository extends AuditLog {
  constructor(private readonly sql: Sql) {
    super();
  }

  /** Runs inside the transaction of the action if there is one, so that no action is unrecorded. */
  async record({ actor, action, target, reason, before, after }: AuditEntry, tx: Queryable = this.sql): Promise<void> {
    const who = [actor?.userId ?? null, actor?.role ?? null];
    const what = [action, target.type, target.id, reason ?? actor?.auditReason ?? null, before ?? null, after ?? null];
    const { requestId, serverKey } = actor ?? {};
    await tx.run(INSERT, [newId(), ...who, ...what, requestId, serverKey?.id, serverKey?.name]);
  }

  /** Newest first, after the entry at `after`; one row more than the page has. */
  page(filter: AuditFilter, after: { at: Date; id: string } | undefined, limit: number): Promise<AuditRow[]> {
    const { actorId, action, targetType, targetId, from, to } = filter;
    const filters = [actorId, action, targetType, targetId, from, to].map((value) => value ?? null);
    return this.sql.many(PAGE, [...filters, after?.at ?? null, after?.id ?? null, limit + 1]);
  }
}
