import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '../../platform/audit/audit-log.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { cleanName } from '../../platform/validation/text.js';
import { ReasonRequired } from './participants.errors.js';
import { SystemMessages } from './system-messages.port.js';

type Act = Pick<AuditEntry, 'action' | 'after' | 'reason'>;

/**
 * Audits acts by system role that affect the privacy of a conversation, and announces them to its participants. No
 * system role can read unnoticed: the act, its audit entry and the system message are one transaction.
 */
@Injectable()
export class SystemRoleAnnouncements {
  constructor(private readonly messages: SystemMessages) {}

  /** Announces that the actor has added themselves. @throws ReasonRequired */
  async announceJoined(tx: StreamTransaction, actor: Actor, act: Act): Promise<void> {
    await this.announce(tx, actor, { ...act, reason: requireReason(actor, act) }, 'joined to moderate');
  }

  /** Announces that the actor has made the conversation public. @throws ReasonRequired */
  async announceMadePublic(tx: StreamTransaction, actor: Actor, act: Act): Promise<void> {
    await this.announce(tx, actor, { ...act, reason: requireReason(actor, act) }, 'made this conversation public');
  }

  /** Announces that the actor has added others, with the reason if there is one. */
  async announceAdded(tx: StreamTransaction, actor: Actor, act: Act): Promise<void> {
    await this.announce(tx, actor, { ...act, reason: reasonOf(actor, act) }, 'added participants');
  }

  private async announce(tx: StreamTransaction, actor: Actor, act: Act, description: string): Promise<void> {
    const { action, reason } = act;
    tx.audit({ actor, target: { type: 'conversation', id: tx.head.streamId }, ...act });
    // The name is only in `sender_name`, which is cleared with a deleted account; in the text it would remain.
    const sentence = `${actor.role === 'admin' ? 'An admin' : 'A moderator'} of the system ${description}`;
    const content = reason ? `${sentence}: ${reason}` : `${sentence}.`;
    await this.messages.append(tx, { actor, content, metadata: { action } });
  }
}

function requireReason(actor: Actor, act: Act): string {
  const reason = reasonOf(actor, act);
  if (reason === null) throw new ReasonRequired();
  return reason;
}

/** The reason of the body, or else of the header of the request; null if nothing visible is in it. */
function reasonOf({ auditReason }: Actor, { reason }: Act): string | null {
  return cleanName(reason ?? auditReason ?? '') || null;
}
