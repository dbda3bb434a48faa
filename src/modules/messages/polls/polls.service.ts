import { Injectable } from '@nestjs/common';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Membership } from '../../participants/access.policy.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { type MessageRow, presentMessage, renderPollEvent } from '../message-presenter.js';
import type { MessageDto } from '../messages.dto.js';
import { MessageNotEditable, MessageNotFound } from '../messages.errors.js';
import { POLL_UPDATED } from '../messages.events.js';
import { MessagesRepository } from '../messages.repository.js';
import { historyOf, VisibleMessages } from '../visible-messages.js';
import { withOwn } from './own-votes.js';
import { isOpen, requireChoice } from './poll.js';
import type { StoredPoll } from './polls.dto.js';
import { PollClosed, PollNotFound } from './polls.errors.js';
import { PollsRepository, type VoteChange } from './polls.repository.js';

/** The current state under the lock. */
interface LockedPoll {
  readonly tx: StreamTransaction;
  readonly message: MessageRow;
  readonly poll: StoredPoll;
  readonly membership: Membership;
}

/**
 * Votes on polls and closes them. A change is one event of the conversation, made under its lock: the counts are exact
 * whatever happens at the same time. A change without effect writes no event.
 * All throw MessageNotFound, PollNotFound, MessageNotEditable, PermissionDenied, AuthenticationRequired, AccountBanned.
 */
@Injectable()
export class PollsService {
  constructor(
    private readonly repository: PollsRepository,
    private readonly messages: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly log: EventLog,
    private readonly visible: VisibleMessages,
  ) {}

  /** Replaces the actor's votes. @throws ValidationError, PollClosed, ConversationFrozen */
  vote(actor: Actor, messageId: string, optionIds: readonly string[]): Promise<MessageDto> {
    return this.change(actor, messageId, ({ tx, poll, membership }) => {
      this.participants.requireMayPost(membership);
      const chosen = requireChoice(poll, optionIds);
      if (!isOpen(poll, tx.head.at)) throw new PollClosed();
      return this.repository.setVotes(tx, { messageId, userId: actor.userId }, chosen, tx.head.at);
    });
  }

  /** Takes the actor's votes back. @throws PollClosed */
  withdraw(actor: Actor, messageId: string): Promise<MessageDto> {
    return this.change(actor, messageId, ({ tx, poll }) => {
      if (!isOpen(poll, tx.head.at)) throw new PollClosed();
      return this.repository.setVotes(tx, { messageId, userId: actor.userId }, [], tx.head.at);
    });
  }

  /** Ends the poll. Its sender and moderators of the conversation may; in a direct conversation only its sender. */
  close(actor: Actor, messageId: string): Promise<MessageDto> {
    return this.change(actor, messageId, async ({ tx, message, poll, membership }) => {
      if (message.sender_id !== actor.userId) this.participants.requireModerator(membership);
      if (poll.closed_at !== null) return 'none';
      await this.repository.close(tx, messageId, tx.head.at);
      return 'open';
    });
  }

  /** Locks the conversation, checks the actor, and appends the event if `work` has changed the poll. */
  private async change(
    actor: Actor,
    messageId: string,
    work: (locked: LockedPoll) => Promise<VoteChange>,
  ): Promise<MessageDto> {
    const { userId } = actor;
    const position = await this.messages.findPosition(messageId);
    if (!position) throw new MessageNotFound();
    const changed = await this.log.write(position.conversation_id, async (tx) => {
      const membership = await this.participants.requireMemberUnderLock(tx, actor, position.conversation_id);
      const [message] = await this.messages.find([messageId], tx);
      if (!message) throw new MessageNotFound();
      const history = historyOf(actor, membership);
      await this.visible.require(history, message, tx);
      if (message.deleted_at) throw new MessageNotEditable();
      if (!message.poll) throw new PollNotFound();
      const change = await work({ tx, message, poll: message.poll, membership });
      const hasChanged = change !== 'none';
      const [after] = hasChanged ? await this.messages.find([messageId], tx) : [message];
      const [own] = await this.repository.optionsOf([{ messageId, userId }], tx);
      if (hasChanged) {
        const actorId = message.poll.anonymous ? null : userId;
        const onlyFor = change === 'shadowed' ? [userId] : undefined;
        const content = renderPollEvent(after!, { userId, own: own! }, onlyFor);
        const payload = { voter_id: userId, ...(onlyFor && { only_for: onlyFor }) };
        tx.append({ type: POLL_UPDATED, actorId, subjectId: messageId, payload, content });
      }
      return withOwn(presentMessage(after!, userId, history.above), own!);
    });
    if (!changed) throw new MessageNotFound();
    return changed;
  }
}
