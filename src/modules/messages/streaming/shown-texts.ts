import { Injectable } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import type { Queryable } from '../../../platform/database/sql.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { codePointLength } from '../../../platform/validation/text.js';
import type { Membership } from '../../participants/access.policy.js';
import { CheckBeforeSend } from '../check-before-send.js';
import { ContentModeration } from '../content-moderation.js';
import { MessageTextPolicy } from '../message-text.policy.js';
import { ContentTooLong } from '../messages.errors.js';

/** Decides what participants may see of a text before it is complete. */
@Injectable()
export class ShownTexts {
  constructor(
    private readonly config: Config,
    private readonly policy: MessageTextPolicy,
    private readonly moderation: ContentModeration,
    private readonly hostCheck: CheckBeforeSend,
  ) {}

  /**
   * Whether participants may see this text so far. They do not if a content rule masks a part of it, or if the host
   * checks the messages of this actor: then it is shown when it is complete and checked. @throws ContentTooLong,
   * FeatureDisabled for a link, ContentRejected
   */
  async requireAllowed(actor: Actor, membership: Membership, text: string): Promise<boolean> {
    const { contentMaxLength: max } = this.config;
    if (text.length > max) {
      const length = codePointLength(text);
      if (length > max) throw new ContentTooLong(length, max);
    }
    if (membership.isServer) return true;
    await this.policy.requireAllowed(membership, text);
    const { content } = await this.moderation.moderateEdit(membership.conversationId, { content: text });
    return content === text && !this.hostCheck.mayCheck(actor, membership.type);
  }

  /**
   * Returns the complete texts of a message as they may be stored, under the lock. @throws ContentTooLong,
   * FeatureDisabled for a link, ContentRejected
   */
  async complete<Texts extends { readonly content: string }>(
    tx: Queryable,
    membership: Membership,
    texts: Texts,
  ): Promise<Texts> {
    if (membership.isServer) return texts;
    const moderated = await this.moderation.moderateEdit(membership.conversationId, texts);
    await this.policy.requireAllowed(membership, moderated.content, tx);
    return moderated;
  }
}
