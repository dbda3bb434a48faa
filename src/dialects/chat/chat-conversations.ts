import { Injectable } from '@nestjs/common';
import { DirectConversations } from '../../modules/conversations/direct-conversations.js';
import { RoomSlugCache } from '../../modules/conversations/room-slug-cache.js';
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
    private readonly slugs: RoomSlugCache,
  ) {}

  /** @throws ValidationError, ConversationNotFound, UserNotFound, PermissionDenied, RateLimitExceeded */
  resolveForSend(actor: Actor, target: ChatTarget): Promise<string> {
    const { chat_id: chatId, recipient_id: recipientId } = requireOneTarget(target);
    return recipientId ? this.directs.findOrCreate(actor, recipientId) : this.resolveAndJoin(actor, chatId!);
  }

  /** Undefined if there is no direct conversation with this user yet. @throws as `resolveForSend` */
  resolveForRead(actor: Actor, target: ChatTarget): Promise<string | undefined> {
    const { chat_id: chatId, recipient_id: recipientId } = requireOneTarget(target);
    return recipientId ? this.directs.find(actor, recipientId) : this.resolveAndJoin(actor, chatId!);
  }

  /**
   * Joins a public room if necessary. Other conversations are not checked here; the operation that follows refuses
   * access.
   * @throws ConversationNotFound, PermissionDenied
   */
  async resolveAndJoin(actor: Actor, idOrSlug: string): Promise<string> {
    const id = await this.policy.resolve(actor, idOrSlug);
    if (isUuid(idOrSlug)) await this.slugs.refresh();
    else this.slugs.remember({ id, slug: idOrSlug });
    const { role, type, settings } = await this.policy.loadAccess(actor, id);
    if (!role && type === 'room' && !settings.is_private) await this.participants.join(actor, id);
    return id;
  }

  /** Returns the identifier that clients use: the slug of a room that has one. */
  slugOrIdOf(conversationId: string): string {
    return this.slugs.slugOrIdOf(conversationId);
  }

  /** Loads the slugs of rooms, so that `slugOrIdOf` knows those that were requested by their ids. */
  loadRoomSlugs(): Promise<void> {
    return this.slugs.refresh();
  }
}

function requireOneTarget(target: ChatTarget): ChatTarget {
  if (Boolean(target.chat_id) === Boolean(target.recipient_id)) {
    throw ValidationError.of('chat_id', 'give either chat_id or recipient_id');
  }
  return target;
}

const CACHE_MAX = 100;

/**
 * The conversations to which a connection has written. Concurrent messages to one target share its look-up, so that
 * they are sent in the order in which they arrived.
 */
export class ConversationCache {
  private readonly conversations = new Map<string, Promise<string>>();

  /** Returns the id of the conversation; calls `find` once. */
  resolve(target: ChatTarget, find: () => Promise<string>): Promise<string> {
    const key = keyOf(target);
    const known = this.conversations.get(key);
    if (known) return known;
    const found = find();
    this.conversations.set(key, found);
    if (this.conversations.size > CACHE_MAX) this.conversations.delete(this.conversations.keys().next().value!);
    return found;
  }

  /** Called after a failure: the conversation may be deleted, or the user may have left it. */
  delete(target: ChatTarget): void {
    this.conversations.delete(keyOf(target));
  }
}

function keyOf({ chat_id: chatId, recipient_id: recipientId }: ChatTarget): string {
  return JSON.stringify([chatId ?? null, recipientId ?? null]);
}
