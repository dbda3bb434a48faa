import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Membership } from '../../participants/access.policy.js';
import { CheckBeforeSend } from '../check-before-send.js';
import { ContentModeration } from '../content-moderation.js';
import { MessageTextPolicy } from '../message-text.policy.js';
import type { NewMessage } from '../new-message.js';
import { SendMessage } from '../send-message.js';

/** The texts of a message that is not stored, as they may be shown. What would be held for review is rejected. */
@Injectable()
export class CheckEphemeralText {
  constructor(
    private readonly sending: SendMessage,
    private readonly texts: MessageTextPolicy,
    private readonly moderation: ContentModeration,
    private readonly hostCheck: CheckBeforeSend,
  ) {}

  /** @throws ValidationError, ContentTooLong, FeatureDisabled, ContentRejected, CheckUnavailable */
  async check(
    actor: Actor,
    membership: Membership,
    message: NewMessage,
  ): Promise<{ content: string; metadata: Record<string, unknown> }> {
    const { content } = this.sending.requireContent(message.content);
    await this.texts.requireAllowed(membership, content);
    const texts = { content, metadata: message.metadata ?? {} };
    const moderated = membership.isServer
      ? texts
      : await this.moderation.moderateEdit(membership.conversationId, texts);
    const checked = await this.hostCheck.checkEphemeral(actor, { ...message, ...moderated });
    return { content: checked.content, metadata: checked.metadata ?? {} };
  }
}
