import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { MessageChanges } from '../message-changes.js';
import type { MessageDto } from '../messages.dto.js';
import { MESSAGE_UPDATED } from '../messages.events.js';
import { LinkPreviewsRepository } from './link-previews.repository.js';

/** What senders decide about the previews of their messages. */
@Injectable()
export class LinkPreviewsService {
  constructor(
    private readonly repository: LinkPreviewsRepository,
    private readonly changes: MessageChanges,
    private readonly participants: ParticipantsPolicy,
  ) {}

  /**
   * Removes the previews of a message, which gets none later either, also if it is edited. Only its sender may, and the
   * host's backend. A repeat has no effect.
   * @throws MessageNotFound, PermissionDenied, MessageNotEditable, AuthenticationRequired, AccountBanned
   */
  remove(actor: Actor, id: string): Promise<MessageDto> {
    return this.changes.change(actor, id, async ({ tx, message, membership }) => {
      if (message.sender_id !== actor.userId && !membership.isServer)
        this.participants.deny('Only its sender may remove the link previews of a message.');
      const shown = message.link_previews?.length ?? 0;
      await this.repository.set(tx, id, []);
      return shown > 0 ? MESSAGE_UPDATED : undefined;
    });
  }
}
