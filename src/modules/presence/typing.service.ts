import { Injectable } from '@nestjs/common';
import { DomainEvents, OnDomainEvent } from '../../platform/event-log/domain-events.js';
import type { StreamEvent } from '../../platform/event-log/stream-event.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CONVERSATION_DELETED } from '../conversations/conversations.events.js';
import { MESSAGE_CREATED } from '../messages/messages.events.js';
import { CONVERSATION_UPDATED, PARTICIPANT_LEFT, PARTICIPANT_UPDATED } from '../participants/participants.events.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ShadowBans } from '../users/shadow-bans.service.js';
import { UserBlocked } from '../users/users.events.js';
import { TypingState } from './typing-state.js';
import { LastSocketClosed, TypingChanged } from './presence.events.js';

/**
 * Typing indicators: signals that are stored for seconds only. Only a user who may post can be typing. Typing ends with
 * the message; when the user leaves, or is removed, muted or blocked; when the conversation is frozen (users who may
 * still post appear again with their next start); when the last socket of the user closes; and at the latest after six
 * seconds. No other user learns that a shadow-banned user is typing.
 */
@Injectable()
export class TypingService {
  private readonly state = new TypingState();

  constructor(
    private readonly participants: ParticipantsPolicy,
    private readonly shadowBans: ShadowBans,
    private readonly events: DomainEvents,
  ) {}

  @OnDomainEvent(LastSocketClosed)
  onLastSocketClosed({ userIds }: LastSocketClosed): void {
    for (const userId of userIds) this.end(userId);
  }

  @OnDomainEvent(UserBlocked)
  async onUserBlocked({ blockedId }: UserBlocked): Promise<void> {
    for (const { conversationId } of this.state.of(blockedId)) {
      const isBlocked = await this.participants.isBlockedIn(conversationId, blockedId);
      if (isBlocked) this.end(blockedId, { streamId: conversationId, origin: 'any' });
    }
  }

  /** Another process has sent a typing signal. */
  onRemoteTyping(user: Pick<Actor, 'userId' | 'displayName'>, conversationId: string, isTyping: boolean): void {
    this.state.record(user, conversationId, { isTyping, isLocal: false });
  }

  /** Ends the typing that this event ends, and that started with a request to this process (`local`) or to any. */
  endByEvent({ type, streamId, actorId, subjectId, payload }: StreamEvent, origin: 'local' | 'any'): void {
    if (this.state.isEmpty) return;
    if (type === MESSAGE_CREATED) this.end(actorId, { streamId, origin });
    else if (type === PARTICIPANT_LEFT) this.end(subjectId, { streamId, origin });
    else if (type === PARTICIPANT_UPDATED && payload?.is_muted === true) this.end(subjectId, { streamId, origin });
    else if (type === CONVERSATION_UPDATED && payload?.is_frozen === true) {
      for (const userId of this.state.findTypingUsers(streamId)) this.end(userId, { streamId, origin });
    } else if (type === CONVERSATION_DELETED) this.state.removeConversation(streamId);
  }

  /** @throws ConversationNotFound, PermissionDenied, FeatureDisabled */
  start(actor: Actor, conversationId: string): Promise<void> {
    return this.signal(actor, conversationId, 'start');
  }

  /** @throws ConversationNotFound, PermissionDenied, FeatureDisabled */
  stop(actor: Actor, conversationId: string): Promise<void> {
    return this.signal(actor, conversationId, 'stop');
  }

  /** Ends the actor's typing in all conversations. No access check: the start of the typing was authorized. */
  stopEverywhere({ userId }: Actor): void {
    this.end(userId);
  }

  /**
   * Returns the conversations in which these users are typing, by user id, as far as the actor is a participant of
   * them. It covers the last six seconds; a client that needs every signal has to use a socket.
   */
  async findTyping(actor: Actor, userIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const entries = userIds.flatMap((userId) => this.state.of(userId).map((entry) => [userId, entry] as const));
    const own = await this.participants.membershipsAmong(
      actor,
      entries.map(([, { conversationId }]) => conversationId),
    );
    return new Map(
      entries.flatMap(([userId, { conversationId }]) => (own.has(conversationId) ? [[userId, conversationId]] : [])),
    );
  }

  private async signal(actor: Actor, conversationId: string, what: 'start' | 'stop'): Promise<void> {
    const membership = await this.participants.requireMember(actor, conversationId);
    this.participants.requireMayWrite(membership);
    this.participants.requireFeature(membership, 'typing');
    if (await this.shadowBans.isActive(actor.userId)) return;
    this.publish(actor, conversationId, what === 'start');
  }

  private end(userId: string | null, only?: { streamId: string; origin: 'local' | 'any' }): void {
    if (userId === null) return;
    for (const { conversationId, displayName, isLocal } of this.state.of(userId)) {
      if (only && (conversationId !== only.streamId || (only.origin === 'local' && !isLocal))) continue;
      this.publish({ userId, displayName }, conversationId, false);
    }
  }

  private publish(user: Pick<Actor, 'userId' | 'displayName'>, conversationId: string, isTyping: boolean): void {
    this.state.record(user, conversationId, { isTyping, isLocal: true });
    this.events.publish(new TypingChanged(conversationId, user.userId, user.displayName, isTyping));
  }
}
