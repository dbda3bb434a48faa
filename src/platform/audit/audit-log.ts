import type { Queryable } from '../database/sql.js';
import type { Actor } from '../identity/actor.js';

/** One action that required a privileged role. */
export interface AuditEntry {
  /** The actor, with their role at that time and the server key they used; null for an action of the server itself. */
  readonly actor: Pick<Actor, 'userId' | 'role' | 'requestId' | 'auditReason' | 'serverKey'> | null;
  /** `noun.verb`, as `user.ban`. */
  readonly action: string;
  readonly target: { readonly type: string; readonly id: string | null };
  /** If left out, the reason that the actor sent with the request, if any. */
  readonly reason?: string | null;
  /** What the action changed, before and after it: ids, states and settings; no content of messages, no secrets. */
  readonly before?: Record<string, unknown> | null;
  readonly after?: Record<string, unknown> | null;
}

/**
 * Records privileged actions. The module `admin` provides the implementation; any module below it may record.
 *
 * Pass the transaction of the action, so that neither the action nor its entry is stored without the other.
 */
export abstract class AuditLog {
  abstract record(entry: AuditEntry, tx?: Queryable): Promise<void>;
}
