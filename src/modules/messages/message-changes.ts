import { Injectable } from '@nestjs/common';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { Membership } from '../participants/access.policy.js';
import { ChangeAnnouncements } from '../participants/change-announcements.service.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { readersOf } from './audience.js';
import { type MessageRow, presentMessage, renderMessageEvent } from './message-presenter.js';
import type { MessageDto } from './messages.dto.js';
import { MessageNotEditable, MessageNotFound, SlowMode } from './messages.errors.js';
import { MESSAGE_DELETED, MESSAGE_PINNED } from './messages.events.js';
import { type ChangeContext, MessagesRepository } from './messages.repository.js';
import { ThreadEvents } from './thread-events.js';
import { historyOf, VisibleMessages } from './visible-messages.js';

/** The current state under the lock: the message, and the actor's membership. */
export interface LockedMessage {
  readonly tx: StreamTransaction;
  readonly message: MessageRow;
  readonly membership: Membership;
  readonly context: ChangeContext;
}

/** The event of a change. */
interface MessageChange {
  readonly type: string;
  /** Of a reaction. */
  readonly emoji?: string;
  /** Only the actor, who is shadow-banned, sees the change. */
  readonly isShadowed?: boolean;
}

/** A change of a message is one durable event of the conversation, authorized and written under its lock. */
@Injectable()
export class MessageChanges {
  constructor(
    private readonly repository: MessagesRepository,
    private readonly log: EventLog,
    private readonly participants: ParticipantsPolicy,
    private readonly threads: ThreadEvents,
    private readonly visible: VisibleMessages,
    private readonly announcements: ChangeAnnouncements,
  ) {}

  /**
   * Locks the conversation, authorizes the actor, and appends the event that `work` returns; undefined means no change.
   * Returns the message after the change.
   * @throws MessageNotFound, PermissionDenied, MessageNotEditable, AuthenticationRequired, AccountBanned
   */
  async change(
    actor: Actor,
    id: string,
    work: (locked: LockedMessage) => Promise<string | MessageChange | undefined>,
    { allowTombstone = false } = {},
  ): Promise<MessageDto> {
    const position = await this.repository.findPosition(id);
    if (!position) throw new MessageNotFound();
    const changed = await this.log.write(position.conversation_id, async (tx) => {
      const membership = await this.participants.requireMemberUnderLock(tx, actor, position.conversation_id);
      const [message] = await this.repository.find([id], tx);
      if (!message) throw new MessageNotFound();
      const history = historyOf(actor, membership);
      await this.visible.require(history, message, tx);
      const isRefusedTombstone = message.deleted_at !== null && !allowTombstone;
      // The others are of Parley itself: they inform participants about moderators.
      const isOfHost = membership.isServer && message.sender_id === SYSTEM_USER_ID;
      const isFixed = message.message_type === 'system' && !isOfHost;
      if (isRefusedTombstone || isFixed) throw new MessageNotEditable();
      const event = await work({ tx, message, membership, context: { id, actorId: actor.userId, at: tx.head.at } });
      if (event === undefined) return { message, history };
      const [after] = await this.repository.find([id], tx);
      const { type, emoji, isShadowed = false }: MessageChange = typeof event === 'string' ? { type: event } : event;
      const onlyFor = isShadowed ? [actor.userId] : undefined;
      const payload = { ...(emoji !== undefined && { emoji }), ...(onlyFor && { only_for: onlyFor }) };
      tx.append({
        type,
        actorId: actor.userId,
        subjectId: id,
        payload: Object.keys(payload).length > 0 ? payload : null,
        content: renderMessageEvent(after!, type, { actorId: actor.userId, emoji, onlyFor }),
      });
      if (type === MESSAGE_PINNED && message.audience === null)
        await this.announcements.announce(tx, { action: type, ids: [id], actorId: actor.userId });
      if (type === MESSAGE_DELETED) await this.threads.appendAfterDeletion(tx, [id], actor.userId, readersOf(message));
      return { message: after!, history };
    });
    if (!changed) throw new MessageNotFound();
    return presentMessage(changed.message, actor.userId, changed.history.above);
  }

  /** For a change that posts something. @throws SlowMode; the transaction then rolls the change back */
  async enforceSlowMode({
    tx,
    membership,
    context,
  }: Pick<LockedMessage, 'tx' | 'membership' | 'context'>): Promise<void> {
    const seconds = await this.participants.applySlowMode(tx, membership, context);
    if (seconds > 0) throw new SlowMode(seconds);
  }
}
