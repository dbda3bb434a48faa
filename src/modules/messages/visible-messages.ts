import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { Membership } from '../participants/access.policy.js';
import { HiddenMessagesRepository } from './hidden-messages.repository.js';
import { MessageNotFound } from './messages.errors.js';

/** The messages of a conversation that a reader sees. */
export interface VisibleHistory {
  /** Those above this number … */
  readonly above: number;
  /** … without those that this user has deleted for themselves; null: none. */
  readonly readerId: string | null;
}

/** For readers who need not be participants. */
export const ALL_MESSAGES: VisibleHistory = { above: 0, readerId: null };

/** The messages of a conversation that a member sees now. */
export function historyOf({ userId }: Pick<Actor, 'userId'>, membership: Membership): VisibleHistory {
  return { above: membership.hiddenUpToNumber, readerId: membership.hasHiddenMessages ? userId : null };
}

/** Decides whether a reader sees a message. Others do not exist for them, whatever they do with them. */
@Injectable()
export class VisibleMessages {
  constructor(private readonly hidden: HiddenMessagesRepository) {}

  /** @throws MessageNotFound */
  async require(
    { above, readerId }: VisibleHistory,
    { id, sequence_number: number }: { readonly id: string; readonly sequence_number: number },
    tx?: Queryable,
  ): Promise<void> {
    if (number <= above) throw new MessageNotFound();
    if (readerId !== null && (await this.hidden.isHidden(readerId, id, tx))) throw new MessageNotFound();
  }

  /**
   * As `require`, for a thread that a message names: the reader sees the message, or any reply of the thread.
   * @throws MessageNotFound
   */
  async requireThread(
    history: VisibleHistory,
    message: { readonly id: string; readonly sequence_number: number; readonly root_id: string },
    tx?: Queryable,
  ): Promise<void> {
    if (message.sequence_number <= history.above || history.readerId !== null) {
      if (!(await this.hidden.seesThread(history, message.root_id, tx))) throw new MessageNotFound();
    }
  }
}
