import { Injectable } from '@nestjs/common';
import { DirectConversations } from '../../modules/conversations/direct-conversations.js';
import { RoomNameCache } from '../../modules/conversations/room-name-cache.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { ParticipantsService } from '../../modules/participants/participants.service.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { isUuid } from '../../platform/validation/fields.js';
import type { ChatTarget } from './chat.dto.js';

/**
 * Resolves the conversation of a request. The dialect has no call to join a room or to create a conversation: a public
 * room is joined at its first use, and a direct conversation is created by the first message.
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
    return recipientId ? this.directs.findOrCreate(actor, recipientId) : this.enter(actor, chatId!);
  }

  /** Undefined if there is no direct conversation with this user yet. @throws as `toWrite` */
  toRead(actor: Actor, target: ChatTarget): Promise<string | undefined> {
    const { chat_id: chatId, recipient_id: recipientId } = requireOne(target);
    return recipientId ? this.directs.find(actor, recipientId) : this.enter(actor, chatId!);
  }

  /**
   * Joins a public room if necessary. Other conversations are not checked here; the operation that follows refuses
   * access.
   * @throws ConversationNotFound, PermissionDenied
   */
  async enter(actor: Actor, idOrSlug: string): Promise<string> {
    const id = await this.policy.resolve(actor, idOrSlug);
    if (isUuid(idOrSlug)) await this.names.refresh();
    else this.names.remember({ id, slug: idOrSlug });
    const { role, type, settings } = await this.policy.loadAccess(actor, id);
    if (!role && type === 'room' && !settings.is_private) await this.participants.join(actor, id);
    return id;
  }

  /** Returns the identifier that clients use: the slug of a room that has one. */
  nameOf(conversationId: string): string {
    return this.names.nameOf(conversationId);
  }

  /** Loads room names, so that `nameOf` knows conversations that were not requested by name. */
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
