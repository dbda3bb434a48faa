import type { Queryable } from '../database/sql.js';
import type { Actor } from '../http/actor.js';

/** One act somebody could do only by rank. */
export interface AuditEntry {
  /** Who, with the role of the moment; null for what the server did by itself. */
  readonly actor: Pick<Actor, 'userId' | 'role' | 'requestId' | 'auditReason'> | null;
  /** `noun.verb`, as `user.ban`. */
  readonly action: string;
  readonly target: { readonly type: string; readonly id: string | null };
  /** Left out: what the actor gave along with the request, if anything. */
  readonly reason?: string | null;
  /** What the act changed, as it was and as it is: ids, states and settings; no content of messages, no secrets. */
  readonly before?: Record<string, unknown> | null;
  readonly after?: Record<string, unknown> | null;
}

/**
 * Where privileged acts are written down. The module `admin` provides it; any module below may record.
 *
 * Give the transaction of the act: then there is no act without its entry and no entry without its act.
 */
export abstract class AuditLog {
  abstract record(entry: AuditEntry, tx?: Queryable): Promise<void>;
}
