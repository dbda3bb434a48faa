import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import type { StreamEvent } from '../../platform/event-log/stream-event.js';
import type { Actor } from '../../platform/http/actor.js';
import { CONVERSATION_DELETED } from '../conversations/conversations.events.js';
import { MESSAGE_CREATED } from '../messages/messages.events.js';
import { CONVERSATION_UPDATED, PARTICIPANT_LEFT, PARTICIPANT_UPDATED } from '../participants/participants.events.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { UserBlocked } from '../users/users.events.js';
import { TypingPlaces } from './typing-places.js';
import { LastSocketClosed, TypingChanged } from './presence.events.js';

/**
 * Who is typing: signalled, and forgotten within seconds. Only a user who may post may be seen typing. It ends with the
 * message, with the user's leaving, removal, muting or being blocked, with the freezing of the conversation (those who
 * may still post are seen again with their next start), and with their last socket; should all of that be missed, after
 * six seconds.
 */
@Injectable()
export class TypingService implements OnModuleInit {
  private readonly places = new TypingPlaces();

  constructor(
    private readonly participants: ParticipantsPolicy,
    private readonly events: DomainEvents,
  ) {}

  onModuleInit(): void {
    this.events.on(LastSocketClosed, ({ userIds }) => {
      for (const userId of userIds) this.end(userId);
    });
    this.events.on(UserBlocked, ({ blockedId }) => this.endBlocked(blockedId));
  }

  /** Another process has signalled this typist. */
  heard(typist: Pick<Actor, 'userId' | 'displayName'>, conversationId: string, isTyping: boolean): void {
    this.places.remember(typist, conversationId, { isTyping, isOfThisNode: false });
  }

  /** Ends what ends with this event, of what began with a request to this process or to any. */
  endWith({ type, streamId, actorId, subjectId, payload }: StreamEvent, begun: 'here' | 'anywhere'): void {
    if (this.places.isEmpty) return;
    if (type === MESSAGE_CREATED) this.end(actorId, { streamId, begun });
    else if (type === PARTICIPANT_LEFT) this.end(subjectId, { streamId, begun });
    else if (type === PARTICIPANT_UPDATED && payload?.is_muted === true) this.end(subjectId, { streamId, begun });
    else if (type === CONVERSATION_UPDATED && payload?.is_frozen === true) {
      for (const userId of this.places.typistsIn(streamId)) this.end(userId, { streamId, begun });
    } else if (type === CONVERSATION_DELETED) this.places.forgetConversation(streamId);
  }

  /** @throws ConversationNotFound, PermissionDenied */
  start(actor: Actor, conversationId: string): Promise<void> {
    return this.tell(actor, conversationId, 'start');
  }

  /** @throws ConversationNotFound, PermissionDenied */
  stop(actor: Actor, conversationId: string): Promise<void> {
    return this.tell(actor, conversationId, 'stop');
  }

  /** Ends it wherever the actor is known to type: what they were let begin they may end. */
  stopEverywhere({ userId }: Actor): void {
    this.end(userId);
  }

  /**
   * Where these users type, in conversations the actor takes part in: of the last six seconds. Signals are told and not
   * stored; a client that has to know all of them listens.
   */
  async where(actor: Actor, userIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const places = userIds.flatMap((userId) => this.places.of(userId).map((place) => [userId, place] as const));
    const own = await this.participants.membershipsAmong(
      actor,
      places.map(([, { conversationId }]) => conversationId),
    );
    return new Map(
      places.flatMap(([userId, { conversationId }]) => (own.has(conversationId) ? [[userId, conversationId]] : [])),
    );
  }

  private async tell(actor: Actor, conversationId: string, what: 'start' | 'stop'): Promise<void> {
    this.participants.requireMayPost(await this.participants.requireMember(actor, conversationId));
    this.publish(actor, conversationId, what === 'start');
  }

  private async endBlocked(userId: string): Promise<void> {
    for (const { conversationId } of this.places.of(userId)) {
      const isBlocked = await this.participants.isBlockedIn(conversationId, userId);
      if (isBlocked) this.end(userId, { streamId: conversationId, begun: 'anywhere' });
    }
  }

  private end(userId: string | null, only?: { streamId: string; begun: 'here' | 'anywhere' }): void {
    if (userId === null) return;
    for (const { conversationId, displayName, isOfThisNode } of this.places.of(userId)) {
      if (only && (conversationId !== only.streamId || (only.begun === 'here' && !isOfThisNode))) continue;
      this.publish({ userId, displayName }, conversationId, false);
    }
  }

  private publish(typist: Pick<Actor, 'userId' | 'displayName'>, conversationId: string, isTyping: boolean): void {
    this.places.remember(typist, conversationId, { isTyping, isOfThisNode: true });
    this.events.publish(new TypingChanged(conversationId, typist.userId, typist.displayName, isTyping));
  }
}
