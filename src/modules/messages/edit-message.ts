import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ShadowBans } from '../users/shadow-bans.service.js';
import { ContentModeration } from './content-moderation.js';
import { MessageChanges } from './message-changes.js';
import { MessageTextPolicy } from './message-text.policy.js';
import type { EditMessageDto, MessageDto } from './messages.dto.js';
import { MESSAGE_UPDATED } from './messages.events.js';
import { MessagesRepository } from './messages.repository.js';
import { SendMessage } from './send-message.js';
import { MessageStreaming } from './streaming/streaming-messages.errors.js';

/** Replaces the text of a message, under the lock of its conversation. */
@Injectable()
export class EditMessage {
  constructor(
    private readonly sendMessage: SendMessage,
    private readonly repository: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly moderation: ContentModeration,
    private readonly texts: MessageTextPolicy,
    private readonly shadowBans: ShadowBans,
    private readonly changes: MessageChanges,
  ) {}

  /** @throws as `MessagesService.edit` */
  async edit(actor: Actor, id: string, dto: EditMessageDto): Promise<MessageDto> {
    const checked = await this.sendMessage.prepareEdit(actor, id, dto);
    const edited = await this.changes.change(actor, id, async ({ tx, message, membership, context }) => {
      this.participants.requireMayWrite(membership);
      const { conversation_id, sender_id } = message;
      const isOwn = sender_id === actor.userId;
      if (!isOwn && !membership.isServer) this.participants.deny('Only its sender may edit a message.');
      if (message.streaming === 'open') throw new MessageStreaming();
      const texts = { content: checked.content, metadata: checked.metadata };
      const moderated = membership.isServer ? texts : await this.moderation.moderateEdit(conversation_id, texts);
      await this.texts.requireAllowed(membership, moderated.content, tx);
      if (message.audience === null && isOwn && (await this.shadowBans.isActive(actor.userId, tx))) {
        const { content, metadata } = moderated;
        await this.repository.shadowEdit(tx, context, { content, metadata, mentions: dto.mentions });
        await this.changes.enforceSlowMode({ tx, membership, context });
        return { type: MESSAGE_UPDATED, isShadowed: true };
      }
      if (!(await this.repository.edit(tx, { ...context, ...moderated, mentions: dto.mentions }))) return undefined;
      const before = { conversation_id, sender_id };
      if (!isOwn) tx.audit({ actor, action: 'message.edit', target: { type: 'message', id }, before });
      await this.changes.enforceSlowMode({ tx, membership, context });
      return MESSAGE_UPDATED;
    });
    this.sendMessage.announceEdited(edited);
    return edited;
  }
}
