import { Injectable } from '@nestjs/common';
import { DirectConversations } from '../../modules/conversations/direct-conversations.js';
import { RoomNameCache } from '../../modules/conversations/room-name-cache.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { ParticipantsService } from '../../modules/participants/participants.service.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { isUuid } from '../../platform/validation/fields.js';
import type { ChatTarget } from './chat.dto.js';

/**
 * Which conversation clients of this dialect mean. They have no call to join a room, nor one to open a conversation: a
 * public room is joined by using it, and with whom one writes one has a conversation.
 */
@Injectable()
export class ChatConversations {
  constructor(
    private readonly policy: ParticipantsPolicy,
    private readonly participants: ParticipantsService,
    private readonly directs: DirectConversations,
    private readonly names: RoomNameCache,
  ) {}

  /** @throws ValidationError, ConversationNotFound, UserNotFound, PermissionDenied, RateLimitExceeded */
  toWrite(actor: Actor, target: ChatTarget): Promise<string> {
    const { chat_id: chatId, recipient_id: recipientId } = requireOne(target);
    return recipientId ? this.directs.open(actor, recipientId) : this.enter(actor, chatId!);
  }

  /** Undefined with whom one has not written yet. @throws as `toWrite` */
  toRead(actor: Actor, target: ChatTarget): Promise<string | undefined> {
    const { chat_id: chatId, recipient_id: recipientId } = requireOne(target);
    return recipientId ? this.directs.find(actor, recipientId) : this.enter(actor, chatId!);
  }

  /**
   * What is not for the actor to enter is refused by whatever he does there.
   * @throws ConversationNotFound, PermissionDenied
   */
  async enter(actor: Actor, idOrSlug: string): Promise<string> {
    const id = await this.policy.resolve(actor, idOrSlug);
    if (isUuid(idOrSlug)) await this.names.refresh();
    else this.names.remember({ id, slug: idOrSlug });
    const { role, type, settings } = await this.policy.access(actor, id);
    if (!role && type === 'room' && !settings.is_private) await this.participants.join(actor, id);
    return id;
  }

  /** What clients call a conversation: a room by its slug, where it has one. */
  nameOf(conversationId: string): string {
    return this.names.nameOf(conversationId);
  }

  /** So that `nameOf` knows conversations that were not asked for by a name. */
  readNames(): Promise<void> {
    return this.names.refresh();
  }
}

function requireOne(target: ChatTarget): ChatTarget {
  if (Boolean(target.chat_id) === Boolean(target.recipient_id)) {
    throw ValidationError.of('chat_id', 'give either chat_id or recipient_id');
  }
  return target;
}
