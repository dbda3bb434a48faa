import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { DomainEvents } from '../../../platform/event-log/domain-events.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { ShadowBans } from '../../users/shadow-bans.service.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { InvalidAudience, SlowMode } from '../messages.errors.js';
import type { NewMessage } from '../new-message.js';
import { CheckEphemeralText } from './check-ephemeral-text.js';
import type { SendEphemeralMessageDto, SentEphemeralMessageDto } from './ephemeral-messages.dto.js';
import { EphemeralMessageSent } from './ephemeral-messages.events.js';
import { EphemeralMessagesRepository } from './ephemeral-messages.repository.js';

/**
 * Messages that are delivered to those who are connected now and stored nowhere: they have no number, no event of the log
 * and no place in any list. Everything is checked that is checked of a send; in slow mode, which counts stored messages,
 * only those may send them to whom it does not apply.
 */
@Injectable()
export class EphemeralMessagesService {
  constructor(
    private readonly repository: EphemeralMessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly users: UsersPolicy,
    private readonly shadowBans: ShadowBans,
    private readonly texts: CheckEphemeralText,
    private readonly events: DomainEvents,
  ) {}

  /**
   * Sends it once: a lost signal is not repeated. A text that a stored message would be held for is rejected.
   * @throws ConversationNotFound, PermissionDenied, ConversationFrozen, SlowMode, InvalidAudience, ValidationError,
   *   ContentTooLong, FeatureDisabled, ContentRejected, CheckUnavailable, AuthenticationRequired, AccountBanned
   */
  async send(actor: Actor, conversationId: string, dto: SendEphemeralMessageDto): Promise<SentEphemeralMessageDto> {
    const current = await this.users.requireActive(undefined, actor);
    const membership = await this.participants.requireMember(current, conversationId);
    this.participants.requireMayWrite(membership);
    if (membership.slowModeSeconds > 0) throw new SlowMode(membership.slowModeSeconds);
    await this.requireAudience(conversationId, membership.type, dto.visible_to);
    const message = toNewMessage(actor, conversationId, dto);
    const texts = await this.texts.check(actor, membership, message);
    const { id, sender_id, visible_to } = message;
    const data = {
      id,
      conversation_id: conversationId,
      sender_id,
      sender_name: current.displayName,
      ...texts,
      ...(visible_to && { visible_to }),
      sent_at: new Date().toISOString(),
    };
    const isShadowed = await this.shadowBans.isActive(sender_id);
    const receiverIds = isShadowed ? [sender_id] : visible_to && [...new Set([...visible_to, sender_id])];
    this.events.publish(new EphemeralMessageSent(data, receiverIds));
    return { id, sent_at: data.sent_at };
  }

  /** @throws InvalidAudience */
  private async requireAudience(conversationId: string, type: string, userIds: string[] | undefined): Promise<void> {
    if (!userIds) return;
    if (type === 'direct') throw new InvalidAudience('direct_conversation');
    if (!(await this.repository.areParticipants(conversationId, userIds)))
      throw new InvalidAudience('not_participants');
  }
}

function toNewMessage(actor: Actor, conversationId: string, dto: SendEphemeralMessageDto): NewMessage {
  const { content, metadata = {}, visible_to } = dto;
  return {
    id: newId(),
    conversation_id: conversationId,
    sender_id: actor.userId,
    session_id: actor.sessionId,
    client_message_id: null,
    body_hash: null,
    message_type: 'text',
    content,
    reply_to_id: null,
    mentions: null,
    metadata,
    ...(visible_to && { visible_to }),
  };
}
