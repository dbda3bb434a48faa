import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import { codePointLength } from '../../platform/validation/text.js';
import type { Membership } from '../participants/access.policy.js';
import { FeatureDisabled } from '../participants/participants.errors.js';
import { ContentTooLong } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';

/** What the settings of a conversation allow in a text. A send is checked in `append_messages`. */
@Injectable()
export class MessageTextPolicy {
  constructor(private readonly repository: MessagesRepository) {}

  /** @throws FeatureDisabled for a link, ContentTooLong by the settings of the conversation */
  async requireAllowed({ settings, isServer }: Membership, content: string, tx?: Queryable): Promise<void> {
    if (isServer) return;
    const { message_length_max: limit, links } = settings;
    const length = codePointLength(content);
    if (limit !== null && length > limit) throw new ContentTooLong(length, limit);
    if (!links && (await this.repository.hasLink(content, tx))) throw new FeatureDisabled('links');
  }
}
