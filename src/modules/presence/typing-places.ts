import { TYPING_TTL_MS } from './presence.dto.js';

/** A conversation a user types in. */
export interface TypingPlace {
  readonly conversationId: string;
  readonly displayName: string;
  /** Whether the typing began with a request to this process. */
  readonly isOfThisNode: boolean;
}

interface KnownPlace extends TypingPlace {
  readonly until: number;
}

/**
 * Who types where, of the last six seconds, as far as this process has heard: from its own requests and from the bus.
 * Both maps are in the order of their ends, near enough: what is over goes from their fronts.
 */
export class TypingPlaces {
  /** By user, then by conversation. The user, and the conversation, that began last stand last. */
  private readonly known = new Map<string, Map<string, KnownPlace>>();

  get isEmpty(): boolean {
    return this.known.size === 0;
  }

  of(userId: string): TypingPlace[] {
    const now = Date.now();
    return [...(this.known.get(userId)?.values() ?? [])].filter(({ until }) => until >= now);
  }

  typistsIn(conversationId: string): string[] {
    return [...this.known].filter(([, places]) => places.has(conversationId)).map(([userId]) => userId);
  }

  remember(
    { userId, displayName }: { readonly userId: string; readonly displayName: string },
    conversationId: string,
    { isTyping, isOfThisNode }: { readonly isTyping: boolean; readonly isOfThisNode: boolean },
  ): void {
    const now = Date.now();
    const places = this.known.get(userId) ?? new Map<string, KnownPlace>();
    places.delete(conversationId);
    if (isTyping) {
      places.set(conversationId, { conversationId, displayName, isOfThisNode, until: now + TYPING_TTL_MS });
      this.known.delete(userId);
      this.known.set(userId, places);
    } else if (places.size === 0) this.known.delete(userId);
    dropOver(places, ({ until }) => until < now);
    dropOver(this.known, (ends) => ends.size === 0 || [...ends.values()].every(({ until }) => until < now));
  }

  forgetConversation(conversationId: string): void {
    for (const [userId, places] of this.known) {
      if (places.delete(conversationId) && places.size === 0) this.known.delete(userId);
    }
  }
}

function dropOver<Value>(map: Map<string, Value>, isOver: (value: Value) => boolean): void {
  for (const [key, value] of map) {
    if (!isOver(value)) return;
    map.delete(key);
  }
}
