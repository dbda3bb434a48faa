import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { Membership } from '../participants/access.policy.js';
import { isInAudience, type LimitedMessage } from './audience.js';
import { HiddenMessagesRepository } from './hidden-messages.repository.js';
import { MessageNotFound } from './messages.errors.js';

/** The messages of a conversation that a reader sees. */
export interface VisibleHistory {
  /** Those above this number … */
  readonly above: number;
  /** … whose audience contains this user; null: whatever their audience … */
  readonly readerId: string | null;
  /** … without those that the user may have deleted for themselves. */
  readonly hasHidden: boolean;
}

/** For readers who need not be participants. */
export const ALL_MESSAGES: VisibleHistory = { above: 0, readerId: null, hasHidden: false };

/** The messages of a conversation that a member sees now. */
export function historyOf({ userId }: Pick<Actor, 'userId'>, membership: Membership): VisibleHistory {
  return { above: membership.hiddenUpToNumber, readerId: userId, hasHidden: membership.hasHiddenMessages };
}

/** Decides whether a reader sees a message. Others do not exist for them, whatever they do with them. */
@Injectable()
export class VisibleMessages {
  constructor(private readonly hidden: HiddenMessagesRepository) {}

  /** @throws MessageNotFound */
  async require(
    { above, readerId, hasHidden }: VisibleHistory,
    message: LimitedMessage & { readonly id: string; readonly sequence_number: number },
    tx?: Queryable,
  ): Promise<void> {
    const { id, sequence_number: number } = message;
    if (number <= above || !isInAudience(message, readerId ?? undefined)) throw new MessageNotFound();
    if (readerId !== null && hasHidden && (await this.hidden.isHidden(readerId, id, tx))) throw new MessageNotFound();
  }

  /**
   * As `require`, for a thread that a message names: the reader sees the message, or any reply of the thread.
   * @throws MessageNotFound
   */
  async requireThread(
    history: VisibleHistory,
    message: LimitedMessage & { readonly id: string; readonly sequence_number: number; readonly root_id: string },
    tx?: Queryable,
  ): Promise<void> {
    const { above, readerId, hasHidden } = history;
    if (message.sequence_number <= above || hasHidden || !isInAudience(message, readerId ?? undefined)) {
      if (!(await this.hidden.seesThread(history, message.root_id, tx))) throw new MessageNotFound();
    }
  }
}
