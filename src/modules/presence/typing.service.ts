import { Injectable } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import type { Actor } from '../../platform/http/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { TYPING_TTL_MS } from './presence.dto.js';
import { TypingChanged } from './presence.events.js';

/** Who is typing: told, and forgotten within seconds. Only who may post may be seen typing. */
@Injectable()
export class TypingService {
  /** By user: where, and until when. Whoever began last stands last, and where he began last. */
  private readonly known = new Map<string, Map<string, number>>();

  constructor(
    private readonly participants: ParticipantsPolicy,
    private readonly events: DomainEvents,
  ) {}

  /** @throws ConversationNotFound, PermissionDenied */
  start(actor: Actor, conversationId: string): Promise<void> {
    return this.tell(actor, conversationId, 'start');
  }

  /** @throws ConversationNotFound, PermissionDenied */
  stop(actor: Actor, conversationId: string): Promise<void> {
    return this.tell(actor, conversationId, 'stop');
  }

  /**
   * Ends it wherever the actor is known to type, as far as this process was told: what he was let begin he may end.
   */
  stopEverywhere({ userId, displayName }: Actor): void {
    for (const conversationId of this.placesOf(userId)) {
      this.remember(userId, conversationId, false);
      this.events.publish(new TypingChanged(conversationId, userId, displayName, false));
    }
  }

  /**
   * Where these users type, in conversations the actor takes part in: of the last six seconds, as far as this process
   * was told. Signals are told and not stored; whoever has to know all of them listens.
   */
  async where(actor: Actor, userIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const places = userIds.flatMap((userId) => this.placesOf(userId).map((place) => [userId, place] as const));
    const own = await this.participants.membershipsAmong(
      actor,
      places.map(([, place]) => place),
    );
    return new Map(places.filter(([, place]) => own.has(place)));
  }

  private placesOf(userId: string): string[] {
    const now = Date.now();
    return [...(this.known.get(userId) ?? [])].flatMap(([conversationId, until]) =>
      until < now ? [] : conversationId,
    );
  }

  /** Both maps are in the order of their ends, near enough: what is over goes from their fronts. */
  private remember(userId: string, conversationId: string, isTyping: boolean): void {
    const now = Date.now();
    const places = this.known.get(userId) ?? new Map<string, number>();
    places.delete(conversationId);
    if (isTyping) {
      places.set(conversationId, now + TYPING_TTL_MS);
      this.known.delete(userId);
      this.known.set(userId, places);
    }
    dropOver(places, (until) => until < now);
    dropOver(this.known, (ends) => ends.size === 0 || Math.max(...ends.values()) < now);
  }

  private async tell(actor: Actor, conversationId: string, what: 'start' | 'stop'): Promise<void> {
    this.participants.requireMayPost(await this.participants.requireMember(actor, conversationId));
    this.remember(actor.userId, conversationId, what === 'start');
    this.events.publish(new TypingChanged(conversationId, actor.userId, actor.displayName, what === 'start'));
  }
}

function dropOver<Value>(map: Map<string, Value>, isOver: (value: Value) => boolean): void {
  for (const [key, value] of map) {
    if (!isOver(value)) return;
    map.delete(key);
  }
}
