import { Injectable } from '@nestjs/common';
import { PermissionDenied } from '../../../platform/errors/app-error.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Membership } from '../../participants/access.policy.js';
import { ConversationFrozen, NotAParticipant } from '../../participants/participants.errors.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import type { MessageRow } from '../message-presenter.js';
import { MessageNotFound } from '../messages.errors.js';
import { MessagesRepository } from '../messages.repository.js';
import { ShadowBans } from '../../users/shadow-bans.service.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { historyOf, VisibleMessages } from '../visible-messages.js';
import { EndStreamingMessages } from './end-streaming-messages.js';
import { MessageNotStreaming } from './streaming-messages.errors.js';

/** A message, and the rights of the actor who writes its text. */
export interface OwnMessage {
  readonly message: MessageRow;
  readonly membership: Membership;
}

/** Decides who writes the text of a streaming message: its sender, while they may write, and the host's backend. */
@Injectable()
export class StreamingAuthors {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly visible: VisibleMessages,
    private readonly ends: EndStreamingMessages,
    private readonly users: UsersPolicy,
    private readonly shadowBans: ShadowBans,
  ) {}

  /**
   * A sender who may no longer write ends the text. A change of the message has to check again under the lock.
   * @throws AuthenticationRequired, AccountBanned, MessageNotFound, ConversationNotFound, PermissionDenied,
   *   ConversationFrozen, MessageNotStreaming
   */
  async require(actor: Actor, id: string): Promise<OwnMessage> {
    const current = await this.users.requireActive(undefined, actor);
    const [message] = await this.messages.find([id]);
    if (!message) throw new MessageNotFound();
    try {
      const membership = await this.participants.requireMember(current, message.conversation_id);
      await this.visible.require(historyOf(actor, membership), message);
      this.requireAuthor(actor, message, membership);
      // Others see no more of a text whose author is shadow-banned.
      const isOpenToOthers = message.streaming === 'open' && message.audience === null && !membership.isServer;
      if (isOpenToOthers && (await this.shadowBans.isActive(actor.userId))) {
        await this.ends.end([{ ...message, message_id: id }], 'cancelled');
        throw new MessageNotStreaming();
      }
      return { message, membership };
    } catch (error) {
      const isOpenAndOwn = message.sender_id === actor.userId && message.streaming === 'open';
      if (isOpenAndOwn && mayNotWrite(error)) await this.ends.end([{ ...message, message_id: id }], 'revoked');
      throw error;
    }
  }

  /** @throws PermissionDenied, ConversationFrozen */
  requireAuthor(actor: Actor, message: MessageRow, membership: Membership): void {
    this.participants.requireMayWrite(membership);
    if (message.sender_id !== actor.userId && !membership.isServer)
      this.participants.deny('Only its sender may write the text of a message.');
  }
}

function mayNotWrite(error: unknown): boolean {
  return [PermissionDenied, NotAParticipant, ConversationFrozen].some((reason) => error instanceof reason);
}
