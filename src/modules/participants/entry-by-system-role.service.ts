import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '../../platform/audit/audit-log.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/http/actor.js';
import { cleanName } from '../../platform/validation/text.js';
import { ReasonRequired } from './participants.errors.js';
import { SystemMessages } from './system-messages.policy.js';

type Act = Pick<AuditEntry, 'action' | 'after' | 'reason'>;

/**
 * What a system role does to the privacy of a conversation. The right to keep order is none to read unseen: the act, its
 * audit entry and a system message to the participants are one transaction.
 */
@Injectable()
export class EntryBySystemRole {
  constructor(private readonly messages: SystemMessages) {}

  /** The actor has added themselves. @throws ReasonRequired */
  async enter(tx: StreamTransaction, actor: Actor, act: Act): Promise<void> {
    await this.tell(tx, actor, { ...act, reason: requireReason(actor, act) }, 'joined to keep order');
  }

  /** The actor has lifted the privacy. @throws ReasonRequired */
  async open(tx: StreamTransaction, actor: Actor, act: Act): Promise<void> {
    await this.tell(tx, actor, { ...act, reason: requireReason(actor, act) }, 'made this conversation public');
  }

  /** The actor has added others; a reason is told where there is one. */
  async letIn(tx: StreamTransaction, actor: Actor, act: Act): Promise<void> {
    await this.tell(tx, actor, { ...act, reason: reasonOf(actor, act) }, 'added participants');
  }

  private async tell(tx: StreamTransaction, actor: Actor, act: Act, deed: string): Promise<void> {
    const { action, reason } = act;
    tx.audit({ actor, target: { type: 'conversation', id: tx.head.streamId }, ...act });
    // The name stands in `sender_name`, which an account that is deleted loses; in the text it would stay.
    const done = `${actor.role === 'admin' ? 'An admin' : 'A moderator'} of the system ${deed}`;
    const content = reason ? `${done}: ${reason}` : `${done}.`;
    await this.messages.append(tx, { actor, content, metadata: { action } });
  }
}

function requireReason(actor: Actor, act: Act): string {
  const reason = reasonOf(actor, act);
  if (reason === null) throw new ReasonRequired();
  return reason;
}

/** From the body, or else from the header of the call; a reason of which nothing can be seen is none. */
function reasonOf({ auditReason }: Actor, { reason }: Act): string | null {
  return cleanName(reason ?? auditReason ?? '') || null;
}
